// Draws the charts of a VIF's page from /api/v1/vifs/ID/course and keeps them live. What is null is a gap, never 0.
"use strict";

const section = document.getElementById("charts");
const ways = { to: section.dataset.to, from: section.dataset.from };
const refresh = 1000 * Number(document.body.dataset.refreshSeconds);
const dark = matchMedia("(prefers-color-scheme: dark)");
const charts = [];
let course = null;

function scaled(value, unit) {
  const prefixes = [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]];
  const [factor, prefix] = prefixes.find(([least]) => value >= least * 0.9995) || [1, ""];
  const part = value / factor;
  if (factor === 1) return `${part >= 10 || part === Math.round(part) ? part.toFixed(0) : part.toPrecision(2)} ${unit}`;
  return `${part.toFixed(part < 9.995 ? 2 : part < 99.95 ? 1 : 0)} ${prefix}${unit}`;
}
function axisLabel(value, unit) {
  return scaled(value, unit).replace(/\.0+(?= )/, "").replace(/(\.\d*?)0+(?= )/, "$1");
}
const counted = (value) => `${Math.round(value).toLocaleString("en-US")} ${Math.round(value) === 1 ? "packet" : "packets"}`;
const clock = (seconds) => new Date(seconds * 1000).toISOString().slice(11, course.step_seconds < 60 ? 19 : 16);

// What each chart draws: which figures, how they are written, and what tells why one is not known.
const kinds = {
  rate: { figures: "bits_per_second", why: "reasons", write: (value) => scaled(value, "bit/s"), axis: (value) => axisLabel(value, "bit/s"), type: "line", colours: ["--to", "--from"] },
  packets: { figures: "packets_per_second", why: "loss_reasons", write: (value) => scaled(value, "packets/s"), axis: (value) => axisLabel(value, "/s"), type: "line", colours: ["--to", "--from"] },
  lost: { figures: "lost_packets", why: "loss_reasons", write: counted, axis: (value) => axisLabel(value, ""), type: "bar", colours: ["--lost-to", "--lost-from"] },
};

function colour(name) { return getComputedStyle(document.documentElement).getPropertyValue(name).trim(); }
function element(name, text, className) {
  const made = document.createElement(name);
  if (text) made.textContent = text;
  if (className) made.className = className;
  return made;
}

// A line through nothing is no line: a point with a gap on both sides is drawn as a dot.
function points(values) {
  return values.map((value, at) => {
    const isAlone = value !== null && (values[at - 1] ?? null) === null && (values[at + 1] ?? null) === null;
    return { value: [course.times[at] * 1000, value], symbolSize: isAlone ? 5 : 0 };
  });
}

function tip(kind, at) {
  const box = element("div", "", "tip");
  box.append(element("b", `${clock(course.times[at])} UTC, ${course.step_seconds < 60 ? `${course.step_seconds} s` : `${course.step_seconds / 60} min`}`));
  for (const way of ["to", "from"]) {
    const value = course[way][kind.figures][at];
    const line = element("div", `${ways[way]}: ${value === null ? "not known" : kind.write(value)}`);
    box.append(line);
    if (value === null) box.append(element("div", course[way][kind.why][at], "note"));
    else if (course[way].completeness_ratio[at] < 1) {
      box.append(element("div", `${Math.floor(course[way].completeness_ratio[at] * 1000) / 10} % of the readings arrived`, "note"));
    }
  }
  return box;
}

function option(kind, isNarrow) {
  const soft = colour("--soft"), line = colour("--line");
  const end = course.times[course.times.length - 1] + course.step_seconds;
  return {
    animation: false,
    useUTC: true,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
    grid: { left: isNarrow ? 68 : 76, right: 34, top: 34, bottom: 26, outerBoundsMode: "none" },
    legend: { ...(kind.type === "line" ? { itemStyle: { opacity: 0 } } : { itemHeight: 10, itemWidth: 14 }), top: 0, left: 0, textStyle: { color: colour("--ink") }, inactiveColor: soft, selectedMode: "multiple" },
    tooltip: {
      trigger: "axis", confine: true, transitionDuration: 0, borderWidth: 1, padding: 8,
      backgroundColor: colour("--sheet"), borderColor: line, textStyle: { color: colour("--ink"), fontSize: 13 },
      axisPointer: { type: "line", lineStyle: { color: soft } },
      formatter: (shown) => tip(kind, Math.round((shown[0].axisValue / 1000 - course.times[0]) / course.step_seconds)),
    },
    xAxis: {
      type: "time", min: course.times[0] * 1000, max: end * 1000, splitNumber: isNarrow ? 3 : 6,
      axisLabel: { color: soft, hideOverlap: true, formatter: course.step_seconds < 60 ? "{HH}:{mm}:{ss}" : "{HH}:{mm}" },
      axisLine: { lineStyle: { color: line } }, axisTick: { lineStyle: { color: line } }, splitLine: { show: false },
    },
    yAxis: {
      type: "value", min: 0, splitNumber: 4, minInterval: kind.type === "bar" ? 1 : 0,
      axisLabel: { color: soft, formatter: kind.axis }, splitLine: { lineStyle: { color: line } },
    },
    series: ["to", "from"].map((way, at) => ({
      name: ways[way], type: kind.type, data: points(course[way][kind.figures]), connectNulls: false, showSymbol: true, symbol: "circle",
      barMaxWidth: 10, color: colour(kind.colours[at]), lineStyle: { width: 2, type: at === 0 ? "solid" : [5, 3] },
      emphasis: { disabled: true },
    })),
  };
}

// One sentence for who cannot see the chart.
function summary(kind, name) {
  const parts = ["to", "from"].map((way) => {
    const known = course[way][kind.figures].filter((value) => value !== null);
    if (known.length === 0) return `${ways[way]}: not known`;
    const gaps = course.times.length - known.length;
    const newest = kind.write(known[known.length - 1]), highest = kind.write(Math.max(...known));
    return `${ways[way]}: newest ${newest}, highest ${highest}${gaps ? `, not known in ${gaps} of ${course.times.length} steps` : ""}`;
  });
  return `${name}. ${parts.join("; ")}.`;
}

function mostFrequent(texts) {
  const counts = new Map();
  for (const text of texts) if (text) counts.set(text, (counts.get(text) || 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]).map(([text]) => text)[0] || "";
}

function drawOne(one) {
  const { kind, box, empty } = one;
  const isEmpty = ["to", "from"].every((way) => course[way][kind.figures].every((value) => value === null));
  box.hidden = isEmpty;
  empty.hidden = !isEmpty;
  if (isEmpty) {
    const why = mostFrequent([...course.to[kind.why], ...course.from[kind.why]]);
    empty.textContent = course.store_trouble || `Nothing is known of this range: ${why}. The pipeline page says which stage is behind.`;
    return;
  }
  one.chart ??= echarts.init(box, null, { renderer: "canvas" });
  one.chart.resize();
  one.chart.group = "course";
  one.chart.setOption(option(kind, box.clientWidth < 500), { notMerge: true });
  box.setAttribute("aria-label", summary(kind, one.name));
}

function drawState() {
  const said = ["to", "from"].map((way) => {
    // What is not computed yet is no hole.
    const newest = course[way].reasons.findLastIndex((why) => why !== "not computed yet");
    const ratios = course[way].completeness_ratio.slice(0, newest + 1);
    const whole = ratios.length ? ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length : 0;
    const why = mostFrequent(course[way].reasons.slice(0, newest + 1));
    return `${whole >= 1 ? "100" : Math.min(99.9, Math.floor(whole * 1000) / 10)} %${whole < 1 && why ? ` (${why})` : ""}`;
  });
  const told = said[0] === said[1] ? said[0] : `${ways.to} ${said[0]}, ${ways.from} ${said[1]}`;
  document.getElementById("course-state").textContent = course.store_trouble || `Completeness of the readings: ${told}.`;
}

function drawTable() {
  if (!document.getElementById("course-figures").open) return;
  const body = document.querySelector("#course-table tbody");
  const heads = [...document.querySelectorAll("#course-table th")].map((head) => head.textContent);
  body.replaceChildren(...course.times.map((time, at) => {
    const row = element("tr");
    const texts = [`${clock(time)}`];
    for (const kind of Object.values(kinds)) {
      for (const way of ["to", "from"]) {
        const value = course[way][kind.figures][at];
        texts.push(value === null ? `– ${course[way][kind.why][at]}` : kind.write(value));
      }
    }
    texts.forEach((text, column) => {
      const cell = element("td", text.startsWith("– ") ? "–" : text, column ? "count" : "");
      cell.dataset.label = heads[column];
      if (text.startsWith("– ")) cell.title = text.slice(2);
      row.append(cell);
    });
    return row;
  }).reverse());
}

function draw() {
  if (course === null) return;
  if (course.times.length) charts.forEach(drawOne);
  drawState();
  drawTable();
  section.dataset.drawn = String(course.times[course.times.length - 1] || 0);
}

async function read() {
  try {
    const answer = await fetch(section.dataset.course, { cache: "no-store", signal: AbortSignal.timeout(10000) });
    if (answer.status !== 200) throw new Error(String(answer.status));
    course = await answer.json();
    draw();
  } catch {
    document.getElementById("course-state").textContent = "No answer from the console: the charts are old.";
  }
}

async function keepReading() {
  for (;;) {
    await new Promise((wake) => {
      const timer = setTimeout(wake, refresh);
      document.addEventListener("visibilitychange", () => { clearTimeout(timer); wake(); }, { once: true });
    });
    if (!document.hidden) await read();
  }
}

// Left and right go from step to step, as the pointer does.
function step(one, event) {
  const moves = { ArrowLeft: -1, ArrowRight: 1 };
  if (!(event.key in moves) || one.chart === undefined) return;
  event.preventDefault();
  const last = course.times.length - 1;
  one.at = Math.min(last, Math.max(0, (one.at ?? last + 1) + moves[event.key]));
  // By its place, not by its data: a step that is not known has a tip that says why.
  const x = one.chart.convertToPixel({ xAxisIndex: 0 }, course.times[one.at] * 1000);
  one.chart.dispatchAction({ type: "showTip", x, y: one.box.clientHeight / 2 });
}

for (const figure of section.querySelectorAll("figure")) {
  const box = figure.querySelector(".chart");
  const one = { kind: kinds[figure.dataset.kind], box, empty: figure.querySelector(".empty"), name: figure.querySelector("h3").textContent };
  box.addEventListener("keydown", (event) => step(one, event));
  charts.push(one);
}
new ResizeObserver(() => draw()).observe(section);
dark.addEventListener("change", draw);
document.getElementById("course-figures").addEventListener("toggle", drawTable);
echarts.connect("course");
read().then(keepReading);
