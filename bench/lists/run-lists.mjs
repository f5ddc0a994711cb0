// What a hundred times as many stored events cost the dashboard: the first page and each filter of every list, through the
// admin API, on two databases beside each other, in turns.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { removeDataFolder } from "../data-folder.mjs";
import { median } from "../ingest/figures.mjs";
import { startDatabase } from "../servers.mjs";
import { describeMachine } from "../machine.mjs";
import { saveResults } from "../save-results.mjs";
import { startProcess } from "../start-process.mjs";
import { describeLine, table, whole } from "../table.mjs";
import { makeCalls } from "./calls.mjs";
import { fill } from "./fill.mjs";

const GATEWAY = fileURLToPath(new URL("../../gateway/bin/holdfast.js", import.meta.url));
/** The bar: a list's time on the large database may be so many times that on the small one. */
const RATIO_MAX = 10;
const WARM_ROUNDS = 2;
const DAY_MS = 86_400_000;

/**
 * Runs the bench, prints its table, writes its file.
 *
 * @param {{ quick: boolean, small: string, large?: string, rounds?: string }} options
 * @returns {Promise<number>} exit code: 1 when a list is slower than the bar
 */
export async function runLists(options) {
  const plan = {
    small: Number(options.small),
    large: Number(options.large ?? (options.quick ? 50_000 : 1_000_000)),
    rounds: Number(options.rounds ?? (options.quick ? 2 : 7)),
  };
  const folder = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
  const sides = [];
  try {
    for (const events of [plan.small, plan.large]) await openSide(folder, events, sides);
    const lines = await measure(sides, plan);
    return conclude({
      bench: "lists",
      at: new Date().toISOString(),
      quick: options.quick,
      machine: describeMachine(),
      plan,
      databaseMb: sides.map(({ sizeMb }) => sizeMb),
      lines,
    });
  } finally {
    for (const side of sides) await closeSide(side);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A database with so many events, and a gateway on it that takes nothing in and delivers nothing. */
async function openSide(folder, events, sides) {
  const dataDir = join(folder, `data-${events}`);
  const database = await startDatabase(dataDir);
  const side = { events, dataDir, database, gateway: null };
  // Known to whoever closes before anything else can fail.
  sides.push(side);
  const configFile = join(folder, "holdfast.config.mjs");
  writeFileSync(configFile, `export default ${JSON.stringify(DEFINITION)};\n`);
  const home = join(folder, `of-${events}`);
  const places = ["--config", configFile, "--data-dir", home, "--port", "0", "--admin-port", "0"];
  side.gateway = await startProcess({
    args: [GATEWAY, "start", "--json", ...places, "--role", "ingest,admin"],
    logFile: join(folder, "gateway.log"),
    env: { DATABASE_URL: database.url },
  });
  await ask(side, "/replays", { sources: ["stripe-1"], states: ["dead"], since: "2020-01-01T00:00:00Z" });
  const tell = (text) => process.stderr.write(`filling: ${text}\n`);
  side.sizeMb = await fill({ url: database.url, events, tell });
  side.calls = makeCalls(await findKnown(side));
}

async function closeSide({ dataDir, gateway, database }) {
  await gateway?.stop();
  await database.stop();
  // As root its cluster stands elsewhere.
  await removeDataFolder(dataDir);
}

const DEFINITION = {
  sources: Object.fromEntries(
    [1, 2, 3].map((n) => [
      `stripe-${n}`,
      { provider: "stripe", key: `bench-lists-source-key-${n}`, secrets: ["whsec_of_the_lists_bench_00000000"] },
    ]),
  ),
  destinations: Object.fromEntries(
    ["app", "ledger", "mail", "warehouse"].map((name) => [name, { url: `https://${name}.example/webhooks` }]),
  ),
  routes: [{ source: "stripe-1", destination: "app" }],
};

/** What the filters ask for, so that each finds something: a moment a day ago, one in the middle, an event by both its ids. */
async function findKnown(side) {
  const nowMs = Date.now();
  const midMoment = new Date(nowMs - 3.5 * DAY_MS).toISOString();
  const dayMoment = new Date(nowMs - DAY_MS).toISOString();
  const { items } = await ask(side, `/events?limit=1&until=${midMoment}`);
  const providerId = items[0].providerEventId;
  const found = await ask(side, `/events?providerId=${providerId}`);
  if (found.items[0]?.id !== items[0].id) throw new Error(`${providerId} is not found by its id`);
  return { midMoment, dayMoment, eventId: items[0].id, providerId };
}

async function measure(sides, { rounds }) {
  const names = Object.keys(sides[0].calls);
  const lines = [];
  for (const name of names) {
    const tookMs = sides.map(() => []);
    let shown = [];
    for (let round = 0; round < WARM_ROUNDS + rounds; round++) {
      // The one that begins changes from round to round, so that a disturbance falls on both.
      const turns = round % 2 === 0 ? [0, 1] : [1, 0];
      for (const turn of turns) {
        const began = performance.now();
        const { items } = await ask(sides[turn], sides[turn].calls[name]);
        if (round >= WARM_ROUNDS) tookMs[turn].push(performance.now() - began);
        shown[turn] = items?.length ?? null;
      }
    }
    const [smallMs, largeMs] = tookMs.map(median);
    const ratio = largeMs / smallMs;
    lines.push({ name, shown, smallMs, largeMs, ratio, met: ratio <= RATIO_MAX, tookMs });
  }
  return lines;
}

async function ask({ gateway, events }, path, body) {
  const { adminUrl, adminToken } = gateway.ready;
  const response = await fetch(`${adminUrl.replace(/\/$/, "")}/api/v1${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers: { authorization: `Bearer ${adminToken}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(`${path} with ${events} events: ${response.status} ${JSON.stringify(answer)}`);
  return answer;
}

function conclude(report) {
  const { machine, plan, lines, databaseMb } = report;
  const ms = (value) => value.toFixed(1);
  const head = ["", `${whole(plan.small)}, ms`, `${whole(plan.large)}, ms`, "ratio", "shown"];
  const rows = lines.map(({ name, shown, smallMs, largeMs, ratio, met }) => [
    name,
    ms(smallMs),
    ms(largeMs),
    `${ratio.toFixed(1)}${met ? "" : " MISSED"}`,
    shown[1] === null ? "" : `${shown[0]}, ${shown[1]}`,
  ]);
  const worst = lines.toSorted((a, b) => b.ratio - a.ratio)[0];
  const missed = lines.filter(({ met }) => !met).length;
  process.stdout.write(`
Lists, ${describeLine(machine)}
${whole(plan.small)} and ${whole(plan.large)} events stored (${databaseMb.map((mb) => `${whole(mb)} MB`).join(" and ")}), median of ${plan.rounds} rounds in turns

${table([head, ...rows]).join("\n")}

The largest ratio: ${worst.ratio.toFixed(1)} (${worst.name}); ${missed === 0 ? "every list is within" : `${missed} lists are beyond`} the bar of ${RATIO_MAX}
`);
  saveResults({ ...report, target: RATIO_MAX });
  return missed === 0 ? 0 : 1;
}
