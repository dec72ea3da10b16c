// Keeps the server's page live: asks for the same cells as JSON, and sorts and filters them here. The page is complete
// without this file; sort, filter and switch are then links and a form.
"use strict";

const form = document.getElementById("tools");
const table = document.getElementById("vifs");
const tbody = table.tBodies[0];
const headings = [...table.tHead.rows[0].cells];
const live = document.getElementById("live");
const refreshMs = 1000 * Number(document.body.dataset.refreshSeconds);
const rowOf = new Map([...tbody.rows].map((row) => [row.dataset.vifId, row]));

let sort = document.body.dataset.sort;
let state = null;
let etag = "";
let answeredAt = Date.now();
let clockAhead = 0;
let isLost = false;

document.documentElement.classList.add("scripted");

function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function setAttribute(node, name, value) {
  if (!value) node.removeAttribute(name);
  else if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

function setCell(node, cell, address) {
  const whole = cell.note ? `${cell.text} ${cell.note}` : cell.text;
  if (node.textContent === whole) return;
  node.textContent = cell.note ? `${cell.text} ` : cell.text;
  if (address) {
    const link = document.createElement("a");
    link.href = address;
    link.textContent = cell.text;
    node.replaceChildren(link, cell.note ? " " : "");
  }
  if (!cell.note) return;
  const note = document.createElement("span");
  note.className = "note";
  note.textContent = cell.note;
  node.append(note);
}

function newRow(vif) {
  const row = document.createElement("tr");
  row.dataset.vifId = vif.vif_id;
  for (const heading of headings) {
    const cell = row.insertCell();
    cell.dataset.name = heading.dataset.name;
    cell.dataset.label = heading.textContent.trim();
    cell.className = heading.dataset.measure;
  }
  return row;
}

function fill(row, vif, isHurting) {
  row.classList.toggle("hurting", isHurting);
  for (const node of row.cells) {
    const name = node.dataset.name;
    if (name === "age") {
      node.dataset.start = vif.figures_time;
      node.className = "age muted";
      continue;
    }
    const cell = vif.cells[name];
    setCell(node, cell, name === "name" ? `/vif/${vif.vif_id}` : "");
    setAttribute(node, "title", cell.title || "");
    const measure = headings.find((heading) => heading.dataset.name === name).dataset.measure;
    setAttribute(node, "class", cell.tone ? `${measure} ${cell.tone}` : measure);
  }
}

function matches(vif, words) {
  const shown = [...Object.values(vif.cells).map((cell) => `${cell.text} ${cell.note || ""}`), vif.words].join(" ").toLowerCase();
  return words.every((word) => shown.includes(word));
}

// Rows whose figure is not known come last in both directions: unknown is neither the highest nor the lowest.
function compare(a, b) {
  const name = sort.replace(/^-/, "");
  const [x, y] = [a.cells[name].sort ?? null, b.cells[name].sort ?? null];
  if (x === null || y === null) return (x === null) - (y === null);
  const [left, right] = typeof x === "string" ? [x.toLowerCase(), y.toLowerCase()] : [x, y];
  const order = (left > right) - (left < right);
  return sort.startsWith("-") ? -order : order;
}

function draw() {
  if (state === null) return;
  const words = form.elements.q.value.toLowerCase().split(/\s+/).filter(Boolean);
  const every = form.elements.all.checked;
  const hurting = new Set(state.judgement.hurting_vif_ids);
  const shown = state.vifs.filter((vif) => (every || vif.is_counted) && matches(vif, words)).sort(compare);
  const wanted = shown.map((vif) => {
    const row = rowOf.get(vif.vif_id) || newRow(vif);
    rowOf.set(vif.vif_id, row);
    fill(row, vif, hurting.has(vif.vif_id));
    return row;
  });
  const present = [...tbody.rows];
  if (wanted.length !== present.length || wanted.some((row, index) => row !== present[index])) {
    tbody.replaceChildren(...wanted);
  }
  const known = new Set(state.vifs.map((vif) => vif.vif_id));
  for (const id of rowOf.keys()) if (!known.has(id)) rowOf.delete(id);
  setText(document.getElementById("count"), String(shown.length));
  const empty = document.getElementById("empty");
  empty.hidden = shown.length > 0;
  const noMatch = words.length && state.vifs.length ? "No interface matches this filter." : "";
  const noneCounted = "No counting point or uplink yet; the switch above shows the other VIFs.";
  setText(empty, state.empty_text || noMatch || noneCounted);
  drawJudgement();
  drawTotals();
  drawStages();
  drawAges();
}

function drawLines(list, lines) {
  const texts = [...list.children].map((item) => item.textContent);
  if (texts.length === lines.length && texts.every((text, index) => text === lines[index])) return;
  list.replaceChildren(...lines.map((line) => {
    const item = document.createElement("li");
    item.textContent = line;
    return item;
  }));
}

function drawJudgement() {
  const section = document.getElementById("judgement");
  setAttribute(section, "class", `judgement ${state.judgement.level}`);
  setText(section.querySelector(".headline"), state.judgement.headline);
  drawLines(section.querySelector(".details"), state.judgement.details);
  const host = document.querySelector(".host").textContent;
  document.title = `${state.judgement.headline} ${host} · Viflux`;
}

function drawTotals() {
  for (const node of document.querySelectorAll("#totals dd")) {
    const cell = state.totals[node.dataset.name];
    if (!cell) continue;
    setText(node, cell.text);
    setAttribute(node, "title", cell.title || "");
    setAttribute(node, "class", cell.tone || "");
  }
}

function drawStages() {
  drawLines(document.getElementById("notes"), state.notes);
  if (!state.stages.length) return;
  document.getElementById("stages").replaceChildren(...state.stages.map((stage) => {
    const item = document.createElement("li");
    item.className = stage.state === "ready" || stage.state === "done" ? "good" : "warn";
    item.title = stage.reason || `since ${stage.since_time}`;
    const name = document.createElement("b");
    name.textContent = stage.name;
    const restarts = stage.restarts ? `, ${stage.restarts} restart${stage.restarts === 1 ? "" : "s"}` : "";
    item.append(name, ` ${stage.state}${restarts}${stage.reason ? `: ${stage.reason}` : ""}`);
    return item;
  }));
}

function age(seconds) {
  for (const [unit, length] of [["d", 86400], ["h", 3600]]) {
    if (seconds >= 2 * length) return `${Math.floor(seconds / length)} ${unit}`;
  }
  return seconds >= 60 ? `${Math.floor(seconds / 60)} min` : `${Math.max(0, Math.floor(seconds))} s`;
}

function drawAges() {
  const now = (Date.now() + clockAhead) / 1000;
  for (const row of tbody.rows) {
    const node = row.querySelector('[data-name="age"]');
    const start = node.dataset.start;
    setText(node, start ? age(now - Date.parse(start.slice(0, 19) + "Z") / 1000 - 10) : "–");
  }
  const since = (Date.now() - answeredAt) / 1000;
  live.classList.toggle("on", !isLost);
  live.classList.toggle("lost", isLost);
  setText(live, isLost ? `no answer from the console for ${age(since)}: what you see is old` : `live, ${age(since)} ago`);
}

function remember() {
  const address = new URL(location.href);
  const set = (name, value) => (value ? address.searchParams.set(name, value) : address.searchParams.delete(name));
  set("q", form.elements.q.value.trim());
  set("all", form.elements.all.checked ? "1" : "");
  set("sort", sort);
  history.replaceState(null, "", address);
}

function sortBy(wanted) {
  sort = wanted;
  form.elements.sort.value = sort;
  for (const heading of headings) {
    const isThis = heading.dataset.name === sort.replace(/^-/, "");
    setAttribute(heading, "aria-sort", isThis ? (sort.startsWith("-") ? "descending" : "ascending") : "");
  }
  remember();
  draw();
}

async function ask() {
  try {
    const headers = etag ? { "If-None-Match": etag } : {};
    const answer = await fetch("/api/v1/vifs?view=cells", { headers, cache: "no-store", signal: AbortSignal.timeout(10000) });
    if (answer.status !== 200 && answer.status !== 304) throw new Error(String(answer.status));
    const date = Date.parse(answer.headers.get("Date") || "");
    // The header has whole seconds, so only a real difference of the two clocks counts.
    if (date && Math.abs(date - Date.now()) > 2000) clockAhead = date - Date.now();
    if (answer.status === 200) {
      state = await answer.json();
      etag = answer.headers.get("ETag") || "";
    }
    answeredAt = Date.now();
    isLost = false;
    if (answer.status === 200) draw();
  } catch {
    isLost = true;
  }
  drawAges();
}

async function keepAsking() {
  for (;;) {
    if (!document.hidden) await ask();
    await new Promise((wake) => {
      const timer = setTimeout(wake, refreshMs);
      document.addEventListener("visibilitychange", () => { clearTimeout(timer); wake(); }, { once: true });
    });
  }
}

form.addEventListener("submit", (event) => { event.preventDefault(); remember(); draw(); });
form.elements.q.addEventListener("input", () => { remember(); draw(); });
form.elements.all.addEventListener("change", () => { remember(); draw(); });
form.elements.sort.addEventListener("change", () => sortBy(form.elements.sort.value));
table.tHead.addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (!link || event.ctrlKey || event.metaKey || state === null) return;
  event.preventDefault();
  const { name, measure } = link.closest("th").dataset;
  const [first, second] = measure === "text" ? [name, `-${name}`] : [`-${name}`, name];
  sortBy(sort === first ? second : first);
});
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !event.target.closest("input, select")) {
    event.preventDefault();
    form.elements.q.focus();
  }
});
setInterval(drawAges, 1000);
keepAsking();
