// The report of a run: JSON for machines and the record, a page for people.
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { median, percentile } from "../../bench/ingest/figures.mjs";
import { describeMachine } from "../../bench/machine.mjs";

const RESULTS = fileURLToPath(new URL("../results/", import.meta.url));
/** Memory after the flood may be this many times what it was before. */
export const MEMORY_RATIO_MAX = 1.3;
const IDLE_GATEWAY_MAX_MB = 120;
const IDLE_DATABASE_MAX_MB = 60;
const SAMPLES_MAX = 400;

/**
 * @param {{ options: object, run: object, verdict: import("./logs.d.ts").Verdict, nemesis: readonly object[] }} of
 */
export function makeReport({ options, run, verdict, nemesis }) {
  const { before, after, highest } = run.memory;
  const ratio = before.gatewayMb === null ? null : after.gatewayMb / before.gatewayMb;
  const stops = {
    exitCode: run.exit?.code ?? null,
    signal: run.exit?.signal ?? null,
    databaseLeftRunning: run.leftRunning,
  };
  const bars = [
    // A short run has no time to settle, so it is not judged by its memory.
    ...(options.isQuick ? [] : memoryBars({ before, ratio })),
    {
      name: "SIGTERM ends with exit code 0 and takes the database along",
      value: stops.exitCode,
      met: stops.exitCode === 0 && stops.databaseLeftRunning === 0,
    },
  ];
  return {
    proof: "kill-flood",
    at: new Date().toISOString(),
    seed: options.seed,
    options: {
      events: options.events,
      kills: options.kills,
      databaseKills: options.databaseKills,
      concurrency: options.concurrency,
      isMixed: options.isMixed === true,
    },
    machine: describeMachine(),
    ...verdict,
    bars,
    lossBound95: verdict.figures.acked > 0 ? 3 / verdict.figures.acked : null,
    duplicateRate: verdict.figures.arrivals > 0 ? verdict.figures.redeliveries / verdict.figures.arrivals : null,
    recoveryMs: { gateway: recovery(nemesis, "gateway"), database: recovery(nemesis, "database") },
    timing: run.timing,
    memory: { before, after, highest, ratio, calmMs: run.memory.calmMs, samples: thin(run.watch.samples) },
  };
}

function memoryBars({ before, ratio }) {
  const atMost = (value, most) => (value === null ? null : value <= most);
  return [
    {
      name: `idle gateway at most ${IDLE_GATEWAY_MAX_MB} MB resident`,
      value: before.gatewayMb,
      met: atMost(before.gatewayMb, IDLE_GATEWAY_MAX_MB),
    },
    {
      name: `its idle database at most ${IDLE_DATABASE_MAX_MB} MB (PSS)`,
      value: before.databaseMb,
      met: atMost(before.databaseMb, IDLE_DATABASE_MAX_MB),
    },
    {
      name: `gateway after the flood within ${MEMORY_RATIO_MAX} times of idle`,
      value: ratio,
      met: atMost(ratio, MEMORY_RATIO_MAX),
    },
  ];
}

function recovery(nemesis, target) {
  const times = nemesis
    .filter((record) => record.kind === "recovered" && record.target === target)
    .map((record) => record.afterMs);
  if (times.length === 0) return null;
  const sorted = times.toSorted((a, b) => a - b);
  return { count: times.length, median: median(times), p95: percentile(sorted, 95), highest: sorted.at(-1) };
}

function thin(samples) {
  const step = Math.max(1, Math.ceil(samples.length / SAMPLES_MAX));
  return samples.filter((_, i) => i % step === 0);
}

/**
 * Writes the report, prints it, and keeps the logs of a run that did not hold.
 *
 * @returns {number} the exit code
 */
export function publish(report, { isJson, logsFolder, isKept }) {
  mkdirSync(RESULTS, { recursive: true });
  const name = `kill-flood-${report.at.replaceAll(/[:.]/g, "-")}-seed-${report.seed}`;
  writeFileSync(join(RESULTS, `${name}.json`), `${JSON.stringify(report, null, 2)}\n`);
  const page = describe(report);
  writeFileSync(join(RESULTS, `${name}.md`), page);
  writeFileSync(join(RESULTS, `${name}.html`), toHtml(page));
  const isGood = report.verdict === "holds" && report.bars.every((bar) => bar.met !== false);
  if (!isGood || isKept) {
    cpSync(logsFolder, join(RESULTS, name), {
      recursive: true,
      filter: (path) => !path.startsWith(join(logsFolder, "data")),
    });
  }
  process.stdout.write(isJson ? `${JSON.stringify(report)}\n` : page);
  process.stderr.write(`Written: proof/results/${name}.json, .md and .html\n`);
  return isGood ? 0 : 1;
}

/** The report as a page of Markdown. */
function describe(report) {
  const { figures, memory, recoveryMs } = report;
  const recovered = (of) =>
    of === null ? "none" : `${of.count} times, median ${of.median} ms, p95 ${of.p95} ms, highest ${of.highest} ms`;
  const lines = [
    `# Kill flood: ${report.verdict}`,
    "",
    `Seed ${report.seed}, ${report.at}. ${report.machine.cores} cores, Node ${report.machine.node}.`,
    ...report.unseen.map((text) => `\nNot seen enough: ${text}`),
    "",
    "| rule | broken | examples |",
    "|---|---|---|",
    ...report.rules.map(
      (rule) => `| ${rule.name} | ${rule.broken} | ${rule.examples.join("; ").replaceAll("|", "/")} |`,
    ),
    "",
    "| bar | value | met |",
    "|---|---|---|",
    ...report.bars.map(
      (bar) =>
        `| ${bar.name} | ${typeof bar.value === "number" ? Math.round(bar.value * 100) / 100 : bar.value} | ${bar.met} |`,
    ),
    "",
    "| figure | |",
    "|---|---|",
    ...Object.entries(figures).map(([name, value]) => `| ${name} | ${value} |`),
    `| loss bound at 95 % (3/N) | ${report.lossBound95?.toExponential(1)} |`,
    `| share of arrivals that came again after an answer | ${((report.duplicateRate ?? 0) * 100).toFixed(3)} % |`,
    `| gateway killed → acknowledging again | ${recovered(recoveryMs.gateway)} |`,
    `| database killed → acknowledging again | ${recovered(recoveryMs.database)} |`,
    `| flood, drain, stop | ${report.timing.floodMs} ms, ${report.timing.drainMs} ms, ${report.timing.stopMs} ms |`,
    `| gateway's memory before, highest, after | ${memory.before.gatewayMb}, ${memory.highest.gatewayMb}, ${memory.after.gatewayMb} MB |`,
    `| database's memory before, highest, after | ${memory.before.databaseMb}, ${memory.highest.databaseMb}, ${memory.after.databaseMb} MB |`,
  ];
  return `${lines.join("\n")}\n`;
}

/** The same page for a browser. It knows headings, tables and paragraphs, since the page has nothing else. */
function toHtml(page) {
  const escaped = page.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  const blocks = escaped
    .trim()
    .split(/\n\n+/)
    .map((block) => {
      if (block.startsWith("# ")) return `<h1>${block.slice(2)}</h1>`;
      if (!block.startsWith("|")) return `<p>${block}</p>`;
      const rows = block
        .split("\n")
        .filter((_, i) => i !== 1)
        .map((row) => row.slice(2, -2).split(" | "));
      const [head, ...others] = rows.map((cells, i) =>
        cells.map((cell) => (i === 0 ? `<th>${cell}` : `<td>${cell}`)).join(""),
      );
      return `<table><tr>${head}${others.map((row) => `<tr>${row}`).join("")}</table>`;
    });
  const style =
    "body{font:15px/1.5 system-ui;max-width:60rem;margin:2rem auto}td,th{padding:.2rem .8rem;text-align:left;border-bottom:1px solid #ddd}";
  return `<!doctype html><meta charset="utf-8"><title>Holdfast: proof</title><style>${style}</style>\n${blocks.join("\n")}\n`;
}
