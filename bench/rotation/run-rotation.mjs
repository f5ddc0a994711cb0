// A secret that is rolled again and again under load, signed with the old one and the new one: what is refused that was valid,
// and what is accepted that was not any more. Then `holdfast secrets list`, as an operator would look.
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { removeDataFolder } from "../data-folder.mjs";
import { percentile } from "../ingest/figures.mjs";
import { describeMachine } from "../machine.mjs";
import { saveResults } from "../save-results.mjs";
import { startGateway } from "../start-process.mjs";
import { describeLine, table, whole } from "../table.mjs";
import { sendSigned } from "./sender.mjs";

const GATEWAY = fileURLToPath(new URL("../../gateway/bin/holdfast.js", import.meta.url));
const SOURCE = "rolled";
const SOURCE_KEY = "bench-rolled-source-key-00";
/** What is signed with a secret whose end is longer ago than this must be refused (the bar of the rotation). */
const GRACE_MS = 1_000;
/** One in so many is signed with the secret that ended last. */
const ENDED_EACH = 20;
/** Uses are written every two seconds. */
const USES_WAIT_MS = 30_000;

/**
 * @param {{ quick?: boolean, rate?: string, rolls?: string, every?: string, overlap?: string }} options
 * @returns {Promise<number>} exit code: 1 when a valid request was refused, or an ended secret was honoured
 */
export async function runRotation(options) {
  const size = {
    perSecond: Number(options.rate ?? (options.quick ? 200 : 1000)),
    rolls: Number(options.rolls ?? (options.quick ? 4 : 20)),
    everySec: Number(options.every ?? 3),
    overlapSec: Number(options.overlap ?? 4),
  };
  const folder = mkdtempSync(join(tmpdir(), "holdfast-rotation-"));
  const dataDir = join(folder, "data");
  const configFile = join(folder, "holdfast.config.mjs");
  writeFileSync(configFile, "export default {};\n");
  const gateway = await startGateway({ configFile, dataDir, logFile: join(folder, "gateway.log") });
  try {
    const measured = await roll(gateway.ready, size);
    const uses = await whenUsesAre(gateway.ready, measured.load.accepted);
    const listed = await listSecrets(gateway.ready);
    const report = { bench: "rotation", at: new Date().toISOString(), machine: describeMachine(), size };
    return conclude({ ...report, ...measured, uses, listed });
  } finally {
    await gateway.stop();
    await removeDataFolder(dataDir);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Rolls the secret at fixed intervals while requests come, and half an interval and the last overlap more. */
async function roll(ready, { perSecond, rolls, everySec, overlapSec }) {
  const versions = [{ version: "v1", value: makeSecret(), endMs: null }];
  const [first] = versions;
  const input = { name: SOURCE, provider: "stripe", key: SOURCE_KEY, secrets: [{ version: "v1", value: first.value }] };
  await ask(ready, "POST", "/sources", input);
  const over = new AbortController();
  const url = `${ready.ingestUrl.replace(/\/$/, "")}/in/${SOURCE_KEY}`;
  const run = Date.now().toString(36).slice(-8);
  const sending = sendSigned({ url, perSecond, run, over: over.signal, choose: chooserOf(versions) });
  try {
    for (let number = 2; number <= rolls + 1; number += 1) {
      await pause(everySec * 1000);
      await rollOnce(ready, versions, { version: `v${number}`, overlapSec });
    }
    await pause((overlapSec + everySec) * 1000 + GRACE_MS);
  } finally {
    over.abort();
  }
  return { load: await sending, ended: versions.filter(({ endMs }) => endMs !== null).length };
}

/** Adds a version, which may be signed with as soon as that is answered, and promotes it in the middle of the interval. */
async function rollOnce(ready, versions, { version, overlapSec }) {
  const value = makeSecret();
  await ask(ready, "POST", `/sources/${SOURCE}/secrets`, { version, value });
  const before = versions.at(-1);
  versions.push({ version, value, endMs: null });
  const promoted = await ask(ready, "POST", `/sources/${SOURCE}/secrets/${version}/promote`, {
    overlapHours: overlapSec / 3600,
  });
  before.endMs = Date.parse(promoted.items.find((item) => item.version === before.version).notAfter);
}

/** Signs by turns with every secret that is in force, the newest first, and now and then with the one that ended last. */
function chooserOf(versions) {
  return (number, atMs) => {
    const ended = versions.findLast(({ endMs }) => endMs !== null && endMs + GRACE_MS < atMs);
    if (ended !== undefined && number % ENDED_EACH === 0) return { secret: ended, isEnded: true };
    const usable = versions.filter(({ endMs }) => endMs === null || endMs > atMs);
    return { secret: usable[usable.length - 1 - (number % usable.length)], isEnded: false };
  };
}

function makeSecret() {
  return `whsec_${randomBytes(24).toString("base64url")}`;
}

async function listSecrets({ adminUrl, adminToken }) {
  const args = [GATEWAY, "secrets", "list", SOURCE, "--url", adminUrl];
  const env = { PATH: process.env.PATH ?? "", HOLDFAST_ADMIN_TOKEN: adminToken, NO_COLOR: "1" };
  return (await promisify(execFile)(process.execPath, args, { env })).stdout.trimEnd();
}

/** Waits until the uses that the gateway counted are what was accepted by each version; tells what it counted last. */
async function whenUsesAre(ready, accepted) {
  const until = performance.now() + USES_WAIT_MS;
  for (;;) {
    const { items } = await ask(ready, "GET", `/sources/${SOURCE}/secrets`);
    const isSame = items.every(({ version, uses }) => uses === (accepted[version] ?? 0));
    const isTimed = items.every(({ uses, lastUsedAt, notAfter }) => isWithin(uses, lastUsedAt, notAfter));
    if ((isSame && isTimed) || performance.now() > until) return { isSame, isTimed, versions: items.length };
    await pause(250);
  }
}

/** A version that was used says when, and never after its end. */
function isWithin(uses, lastUsedAt, notAfter) {
  if (uses === 0) return true;
  return lastUsedAt !== null && (notAfter === null || Date.parse(lastUsedAt) <= Date.parse(notAfter));
}

async function ask({ adminUrl, adminToken }, method, path, body) {
  const response = await fetch(`${adminUrl.replace(/\/$/, "")}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${adminToken}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer)}`);
  return answer;
}

function conclude(report) {
  const { size, load, ended, uses, listed, machine } = report;
  const sum = (counts, isCounted = () => true) =>
    Object.entries(counts).reduce((total, [status, count]) => total + (isCounted(status) ? count : 0), 0);
  const validRefused = sum(load.counts.live, (status) => status !== "200");
  const endedAccepted = load.counts.ended[200] ?? 0;
  const perSecond = load.sent / load.seconds;
  const took = load.tookMs.toSorted((a, b) => a - b);
  const figures = {
    perSecond,
    live: load.counts.live,
    valid: sum(load.counts.live),
    validRefused,
    ending: load.counts.ending,
    endedAnswers: load.counts.ended,
    ended: sum(load.counts.ended),
    endedAccepted,
    p50Ms: percentile(took, 50),
    p99Ms: percentile(took, 99),
  };
  const bars = {
    "rate reached (at least 0.95 of it)": perSecond >= 0.95 * size.perSecond,
    "valid refused: 0": validRefused === 0 && figures.valid > 0,
    "accepted later than 1 s after the end: 0": endedAccepted === 0 && figures.ended > 0,
    "every roll ended a version": ended === size.rolls,
    "uses and last use of each version are listed": uses.isSame && uses.isTimed,
  };
  print({ size, figures, bars, listed, machine, lateMs: load.lateMs });
  const { tookMs: _each, ...kept } = load;
  saveResults({ ...report, load: kept, figures, bars });
  return Object.values(bars).every(Boolean) ? 0 : 1;
}

function print({ size, figures, bars, listed, machine, lateMs }) {
  const rows = [
    ["signed with", "sent", "answers"],
    ["a secret in force", whole(figures.valid), tell(figures.live)],
    [
      "one that ended before the answer",
      whole(Object.values(figures.ending).reduce((a, b) => a + b, 0)),
      tell(figures.ending),
    ],
    [`one that ended ${GRACE_MS / 1000} s ago or more`, whole(figures.ended), tell(figures.endedAnswers)],
  ];
  const lines = [
    "",
    `Rotation: ${size.rolls} rolls, one each ${size.everySec} s, ${size.overlapSec} s of overlap; ${describeLine(machine)}`,
    `${whole(figures.perSecond)} requests a second (the sender ${whole(lateMs)} ms late at worst), p50 ${figures.p50Ms.toFixed(1)} ms, p99 ${figures.p99Ms.toFixed(1)} ms`,
    "",
    ...table(rows),
    "",
    listed,
    "",
    ...Object.entries(bars).map(([bar, isMet]) => `${isMet ? "met   " : "MISSED"} ${bar}`),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}

function tell(counts) {
  return Object.entries(counts)
    .map(([status, count]) => `${whole(count)} × ${status}`)
    .join(", ");
}
