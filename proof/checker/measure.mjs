// `npm run proof -- checker`: how long the checkers take for a run of a million events, read from its files as after a real one.
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { check } from "../kill-flood/check.mjs";
import { eachRecord } from "../kill-flood/log-file.mjs";
import { checkMoves } from "./check-moves.mjs";
import { historyOf, nemesisRecords, receiversRecords, sendersRecords, storeOf } from "./synthesize.mjs";

const USAGE = "npm run proof -- checker [--events <n>] [--json]   (1000000 events)\n";
const LINES_AT_ONCE = 2_000;
/** What is not stored has arrived nevertheless. */
const FOUND = "acked and lost,arrived without a delivery of that key";
const LEGAL = [
  [null, "ready"],
  ["ready", "leased"],
  ["leased", "ready"],
  ["leased", "processed"],
];

/** @returns {Promise<number>} exit code: 0 when the one loss that is planted is found, and nothing else */
export async function measureCheckers(args) {
  const { values } = parseArgs({ args, options: { events: { type: "string" }, json: { type: "boolean" } } });
  const events = Number(values.events ?? "1000000");
  if (!Number.isInteger(events) || events < 100) {
    process.stderr.write(USAGE);
    return 2;
  }
  const flood = measureFlood(events);
  const moves = measureMoves(events);
  const result = { events, flood, moves, memoryMb: Math.round(process.resourceUsage().maxRSS / 1_024) };
  process.stdout.write(values.json ? `${JSON.stringify(result)}\n` : describe(result));
  return flood.found.join() === FOUND && moves.verdict === "holds" ? 0 : 1;
}

function measureFlood(events) {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-checker-"));
  const [sender, receiver] = [join(folder, "sender.ndjson"), join(folder, "receiver.ndjson")];
  try {
    const records = write(sender, sendersRecords(events)) + write(receiver, receiversRecords(events));
    const bytes = statSync(sender).size + statSync(receiver).size;
    const store = storeOf(events, Math.floor(events / 2));
    const began = performance.now();
    const logs = { sender: eachRecord(sender), receiver: eachRecord(receiver), nemesis: nemesisRecords(events), store };
    const { rules } = check(logs, {}, { inFlightMax: 64 });
    const seconds = (performance.now() - began) / 1_000;
    const found = rules.filter(({ broken }) => broken > 0).map(({ name }) => name);
    return { records, megabytes: Math.round(bytes / 1e6), seconds, found };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function measureMoves(events) {
  const history = historyOf(events);
  const began = performance.now();
  const { verdict } = checkMoves(history, { legal: LEGAL, leaseMaxMs: 60_000 }, {});
  return { moves: history.moves.length, seconds: (performance.now() - began) / 1_000, verdict };
}

function write(path, records) {
  const file = openSync(path, "w");
  let lines = [];
  let count = 0;
  const flush = () => {
    writeSync(file, lines.join(""));
    lines = [];
  };
  for (const record of records) {
    lines.push(`${JSON.stringify(record)}\n`);
    count++;
    if (lines.length === LINES_AT_ONCE) flush();
  }
  flush();
  closeSync(file);
  return count;
}

function describe({ events, flood, moves, memoryMb }) {
  return `${events} events, one of them lost: ${flood.records} records (${flood.megabytes} MB) read and checked in ${flood.seconds.toFixed(1)} s; found: ${flood.found.join(", ")}
${moves.moves} moves checked in ${moves.seconds.toFixed(1)} s: ${moves.verdict}
${memoryMb} MB at most
`;
}
