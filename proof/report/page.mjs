// The report as a page of its own: one file, no script, light and dark.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { formatCount, formatMs, formatRate } from "./format.mjs";

/** @import { Report } from "./report.d.ts" */

const STYLE = readFileSync(fileURLToPath(new URL("./style.css", import.meta.url)), "utf8");
const TITLES = {
  whole: "The proof",
  "kill-flood": "Kill flood",
  nemesis: "Mixed faults",
  "frozen-worker": "Frozen worker",
  incident: "The incident",
  races: "Races",
  recovery: "Recovery",
  release: "Release run",
};
const SAYS = {
  true: "true: every promise held",
  false: "false: a promise was broken",
  unknown: "unknown: not enough was seen",
};
const SHAPES = {
  good: '<circle cx="10" cy="10" r="8" /><path d="m6.5 10.3 2.4 2.4 4.6-5" />',
  bad: '<circle cx="10" cy="10" r="8" /><path d="m7.2 7.2 5.6 5.6m0-5.6-5.6 5.6" />',
  none: '<circle cx="10" cy="10" r="8" /><path d="M10 6v4.6m0 3v.1" />',
};

/**
 * @param {Report} report
 * @returns {string}
 */
export function toPage(report) {
  const title = TITLES[report.proof] ?? report.proof;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}: ${report.verdict} · Holdfast</title>
<style>
${STYLE}</style>
</head>
<body>
<main>
${head(report, title)}
${cards(report)}
${(report.tables ?? []).map(ownTable).join("\n")}
<div class="columns">
${faultsTable(report)}
${recoveryTable(report)}
</div>
${rulesTable(report)}
${barsTable(report)}
${countsList(report)}
${foot(report)}
</main>
</body>
</html>
`;
}

function head({ verdict, reasons, about, at, commit }, title) {
  const shape = { true: "good", false: "bad", unknown: "none" }[verdict];
  const why = reasons.map((reason) => `<li>${escape(reason)}</li>`).join("");
  return `<header>
<p class="brand">Holdfast · proof · ${escape(at.slice(0, 16).replace("T", " "))} UTC${commit === null ? "" : ` · ${escape(commit)}`}</p>
<h1>${escape(title)} <span class="verdict ${verdict}">${icon(shape)}${SAYS[verdict]}</span></h1>
<p>${escape(about)}</p>
${why === "" ? "" : `<ul class="reasons ${verdict}">${why}</ul>`}
</header>`;
}

function cards({ counts, faults, seeds, duplicateRate, lossBound95, recoveryMs }) {
  const struck = Object.values(faults).reduce((sum, times) => sum + times, 0);
  const slowest = Math.max(0, ...Object.values(recoveryMs).map(({ highest }) => highest));
  const shown = [
    counts.acked === undefined ? null : ["Acknowledged", formatCount(counts.acked), "events answered 2xx"],
    struck === 0 ? null : ["Faults injected", formatCount(struck), `of ${Object.keys(faults).length} kinds`],
    seeds.length < 2 ? null : ["Seeds", formatCount(seeds.length), "each a run of its own"],
    lossBound95 === null ? null : ["Loss, at most", formatRate(lossBound95), "3/N at 95 % confidence"],
    duplicateRate === null ? null : ["Came again", formatRate(duplicateRate), "of arrivals, after an answer"],
    slowest === 0 ? null : ["Slowest recovery", formatMs(slowest), "until acknowledged again"],
  ].filter((card) => card !== null);
  if (shown.length === 0) return "";
  return `<dl class="cards">${shown
    .map(([name, value, small]) => `<div><dt>${name}</dt><dd>${value}</dd><small>${small}</small></div>`)
    .join("")}</dl>`;
}

function faultsTable({ faults }) {
  const entries = Object.entries(faults);
  if (entries.length === 0) return "";
  const most = Math.max(...entries.map(([, times]) => times));
  const rows = entries
    .toSorted(([, a], [, b]) => b - a)
    .map(
      ([name, times]) =>
        `<tr><td class="name">${escape(name)}</td><td class="bar">${bar(times / most)}</td><td class="n">${formatCount(times)}</td></tr>`,
    );
  return section("Faults injected", `<tr><th>fault</th><th></th><th class="n">times</th></tr>${rows.join("")}`);
}

function recoveryTable({ recoveryMs }) {
  const entries = Object.entries(recoveryMs);
  if (entries.length === 0) return "";
  const most = Math.max(...entries.map(([, { highest }]) => highest));
  const rows = entries.map(
    ([name, { count, median, highest }]) =>
      `<tr><td class="name">${escape(name)}<br><small class="facts">${count} times</small></td><td class="bar">${bar(median / most, highest / most)}</td><td class="n">${formatMs(median)}<br><small class="facts">${formatMs(highest)}</small></td></tr>`,
  );
  return section(
    "Until an event was acknowledged again",
    `<tr><th>struck</th><th></th><th class="n">median, highest</th></tr>${rows.join("")}`,
  );
}

function rulesTable({ rules }) {
  if (rules.length === 0) return "";
  const rows = rules
    .toSorted((a, b) => Math.sign(b.broken) - Math.sign(a.broken) || `${a.id}`.localeCompare(`${b.id}`))
    .map(({ id, name, broken, examples }) => {
      const offenders = examples.length === 0 ? "" : `<code class="examples">${escape(examples.join("; "))}</code>`;
      const mark = broken === 0 ? sign("good", "kept") : sign("bad", `broken ${formatCount(broken)} times`);
      return `<tr><td class="id">${id ?? ""}</td><td>${escape(name)}${offenders}</td><td>${mark}</td></tr>`;
    });
  return section("Rules", `<tr><th>id</th><th>must not be</th><th>verdict</th></tr>${rows.join("")}`);
}

function barsTable({ bars }) {
  if (bars.length === 0) return "";
  const rows = bars.map(({ name, value, met }) => {
    const mark = met === null ? sign("none", "not measured") : met ? sign("good", "met") : sign("bad", "missed");
    const shown = typeof value === "number" ? formatCount(value) : `${value ?? ""}`;
    return `<tr><td>${escape(name)}</td><td class="n">${escape(shown)}</td><td>${mark}</td></tr>`;
  });
  return section("Bars", `<tr><th>bar</th><th class="n">value</th><th></th></tr>${rows.join("")}`);
}

function countsList({ counts }) {
  const items = Object.entries(counts).map(
    ([name, count]) => `<div><dt>${escape(inWords(name))}</dt><dd>${formatCount(count)}</dd></div>`,
  );
  return items.length === 0 ? "" : `<section><h2>Counts</h2><dl class="counts">${items.join("")}</dl></section>`;
}

function ownTable({ title, rows: [heads, ...rows] }) {
  // What starts with a figure is set to the right, in every row alike.
  const isFigure = heads.map((_, i) => rows.every((row) => /^[\d–]/.test(`${row[i]}`)));
  const line = (tag, row) =>
    `<tr>${row.map((cell, i) => `<${tag}${isFigure[i] ? ' class="n"' : ""}>${escape(`${cell}`)}</${tag}>`).join("")}</tr>`;
  return section(title, `${line("th", heads)}${rows.map((row) => line("td", row)).join("")}`);
}

function foot({ seeds, machine, repeat, notTried = [] }) {
  const { processor, cores, memoryGb, system, node, fdatasyncMs } = machine;
  const untried = notTried.map((text) => `<li>${escape(text)}</li>`).join("");
  const list =
    seeds.length < 2 ? "" : `<details><summary>The ${seeds.length} seeds</summary><p>${seeds.join(", ")}</p></details>`;
  return `${untried === "" ? "" : `<h2>Not tried</h2><ul class="plain">${untried}</ul>`}
<h2>Again</h2>
<p class="again"><code>${escape(repeat)}</code></p>
${list}
<h2>Machine</h2>
<p class="facts">${escape(`${processor}, ${cores} cores, ${memoryGb} GB, ${system}, Node ${node}, fdatasync ${fdatasyncMs} ms`)}</p>`;
}

const section = (title, rows) =>
  `<section><h2>${escape(title)}</h2><div class="scroll"><table>${rows}</table></div></section>`;

const icon = (shape) =>
  `<svg viewBox="0 0 20 20" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">${SHAPES[shape]}</svg>`;

const sign = (shape, word) => `<span class="mark ${shape}">${icon(shape)}${word}</span>`;

// A share of the longest one; the paler part reaches on to the highest.
function bar(share, reach = share) {
  const width = (part) => (part * 100).toFixed(2);
  return `<svg viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true"><rect class="track" width="100" height="12" /><rect class="reach" width="${width(reach)}" height="12" /><rect class="fill" width="${width(share)}" height="12" /></svg>`;
}

// storedUnacked as "stored unacked".
const inWords = (name) => name.replaceAll(/([a-z])([A-Z])/g, (_, before, after) => `${before} ${after.toLowerCase()}`);

const escape = (text) =>
  `${text}`.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
