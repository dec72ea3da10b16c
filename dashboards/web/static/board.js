// Keeps a board live: asks for the same page again and takes over what it shows. The page is complete without this file.
"use strict";

const refreshMs = 1000 * Number(document.body.dataset.refreshSeconds);
let answeredAt = Date.now();
let isLost = false;

function drawLive() {
  const live = document.getElementById("live");
  const seconds = Math.max(0, Math.floor((Date.now() - answeredAt) / 1000));
  live.classList.toggle("on", !isLost);
  live.classList.toggle("lost", isLost);
  live.textContent = isLost ? `no answer from the console for ${seconds} s: what you see is old` : `live, ${seconds} s ago`;
}

// Whoever types, or has opened the list of orders, is not disturbed.
function isBusy() {
  return document.activeElement !== null && document.activeElement.closest("form") !== null;
}

// Each part with the class `living` becomes what the fresh page has under its id; what else there is keeps itself live.
function takeOver(text) {
  const page = new DOMParser().parseFromString(text, "text/html");
  for (const present of document.querySelectorAll(".living")) renew(present, page.getElementById(present.id));
}

function renew(present, fresh) {
  if (fresh === null || isBusy() || fresh.innerHTML === present.innerHTML) return;
  const scroll = present.querySelector(".scroll");
  const left = scroll === null ? 0 : scroll.scrollLeft;
  present.replaceChildren(...fresh.childNodes);
  const scrolled = present.querySelector(".scroll");
  if (scrolled !== null) scrolled.scrollLeft = left;
}

async function ask() {
  try {
    const answer = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(10000) });
    if (answer.status !== 200) throw new Error(String(answer.status));
    takeOver(await answer.text());
    answeredAt = Date.now();
    isLost = false;
  } catch {
    isLost = true;
  }
  drawLive();
}

async function keepAsking() {
  for (;;) {
    await new Promise((wake) => {
      const timer = setTimeout(wake, refreshMs);
      document.addEventListener("visibilitychange", () => { clearTimeout(timer); wake(); }, { once: true });
    });
    if (!document.hidden) await ask();
  }
}

setInterval(drawLive, 1000);
drawLive();
keepAsking();
