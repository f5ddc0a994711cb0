// Live traffic and a reconciliation bring the same events at the same moment, each event once: a gateway of its own process takes
// in what the provider sends, while this process records the same events from the provider's log. Afterwards the database is
// counted: every event once, every delivery once. docs/reconciliation.md
import { randomBytes } from "node:crypto";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { startGateway } from "../bench/start-process.mjs";
import { giveReasons, makeReport } from "./report/make-report.mjs";
import { identifyRules } from "./report/rules.mjs";
import { publishReport } from "./report/save-report.mjs";

const USAGE = "node proof/reconcile-races.mjs [--events <n>] [--json]   (10000 events; build first: npm run build)\n";
const KEY = "proof-stripe-source-key-000";
const API_KEY = "sk_test_of_the_proof";
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const JITTER_MS = 4;
const PAGE_MAX = 100;

const { values } = parseArgs({ options: { events: { type: "string", default: "10000" }, json: { type: "boolean" } } });
const count = Number(values.events);
if (!Number.isInteger(count) || count < 1) {
  process.stderr.write(USAGE);
  process.exit(2);
}
process.exitCode = await prove(count, values.json === true);

/** @param {string} path below gateway/dist */
function load(path) {
  return import(fileURLToPath(new URL(`../gateway/dist/${path}`, import.meta.url)));
}

async function prove(events, isJson) {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-races-"));
  chmodSync(folder, 0o711);
  const undo = [() => rmSync(folder, { recursive: true, force: true })];
  try {
    const summary = await race({ events, folder, undo });
    const made = toReport(summary);
    publishReport(made, { isJson });
    return made.verdict === "true" ? 0 : 1;
  } finally {
    for (const step of undo.toReversed()) await step();
  }
}

async function race({ events, folder, undo }) {
  const secret = `whsec_${randomBytes(24).toString("base64url")}`;
  const secretKey = randomBytes(32).toString("base64");
  const log = Array.from({ length: events }, () => makeEvent());
  const provider = await startProvider(log, undo);
  const database = await startDatabase(folder, undo);
  const configFile = join(folder, "holdfast.config.mjs");
  const connector = { kind: "stripe", baseUrl: provider };
  const definition = {
    sources: { stripe: { provider: "stripe", key: KEY, secrets: [secret] } },
    destinations: { app: { url: "https://app.example/webhooks" } },
    routes: [{ source: "stripe", destination: "app" }],
    reconciliations: { log: { source: "stripe", connector, secret: API_KEY, eventTypes: ["*"], lagSec: 0 } },
    egress: { allowCidrs: ["127.0.0.0/8"] },
    roles: ["ingest", "admin"],
  };
  writeFileSync(configFile, `export default ${JSON.stringify(definition)};\n`);
  const env = { DATABASE_URL: database.url, HOLDFAST_SECRET_KEY: secretKey };
  const gateway = await startGateway({
    configFile,
    dataDir: join(folder, "data"),
    logFile: join(folder, "gateway.log"),
    env,
  });
  undo.push(() => gateway.stop());
  const door = await openDoor(`${gateway.ready.ingestUrl}/in/${KEY}`, secret);
  const began = performance.now();
  const report = await reconcile({ databaseUrl: database.url, secretKey, folder, log, door, undo });
  await door.settled();
  const seconds = (performance.now() - began) / 1_000;
  const [stored] = (
    await database.query(`SELECT count(*)::int AS events, count(DISTINCT provider_event_id)::int AS ids,
    (SELECT count(*)::int FROM holdfast.delivery) AS deliveries,
    (SELECT coalesce(sum(count), 0)::int FROM holdfast.duplicate) AS duplicates FROM holdfast.event`)
  ).rows;
  const ways = await database.query(
    "SELECT recovered_by AS by, count(*)::int AS events FROM holdfast.reconciliation_entry WHERE state = 'recovered' GROUP BY 1 ORDER BY 1",
  );
  return {
    races: events,
    seconds: Math.round(seconds),
    report,
    answered: door.answers,
    recovered: Object.fromEntries(ways.rows.map((row) => [row.by, row.events])),
    ...stored,
    doubles: stored.events - stored.ids + Math.max(0, stored.deliveries - stored.events),
    lost: events - stored.ids + Math.max(0, stored.events - stored.deliveries),
  };
}

function makeEvent() {
  const id = `evt_${randomBytes(12).toString("hex")}`;
  const created = Math.floor(Date.now() / 1_000) - 1_800;
  const event = {
    id,
    object: "event",
    type: "invoice.paid",
    created,
    api_version: "2026-01-28",
    pending_webhooks: 1,
    data: {},
  };
  return { id, body: JSON.stringify(event, null, 2) };
}

/** Speaks Stripe's list of events. */
async function startProvider(log, undo) {
  const server = createServer((request, response) => {
    const url = new URL(request.url, "http://provider");
    const after = url.searchParams.get("starting_after");
    const from = after === null ? 0 : log.findIndex(({ id }) => id === after) + 1;
    const size = Math.min(PAGE_MAX, Number(url.searchParams.get("limit") ?? 10));
    const page = log.slice(from, from + size).map(({ body }) => body);
    const text = `{"object":"list","data":[${page.join()}],"has_more":${from + size < log.length},"url":"/v1/events"}`;
    response.writeHead(200, { "content-type": "application/json" }).end(text);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  undo.push(() => new Promise((resolve) => server.close(resolve).closeAllConnections()));
  return `http://127.0.0.1:${server.address().port}`;
}

async function startDatabase(folder, undo) {
  const { startEmbedded } = await load("store/embedded/start-embedded.js");
  const { Client } = await import("pg");
  const server = await startEmbedded({ log: silent, dataDir: join(folder, "database") });
  if (!server.ok) throw new Error(`${server.message} ${server.remedy}`);
  undo.push(async () => {
    await server.stop();
    rmSync(server.home, { recursive: true, force: true });
  });
  return {
    url: server.url,
    query: async (text) => {
      const client = new Client({ connectionString: server.url });
      await client.connect();
      try {
        return await client.query(text);
      } finally {
        await client.end();
      }
    },
  };
}

/** The provider's own traffic: signed webhooks, each posted just when the same event is recorded from the log. */
async function openDoor(url, secret) {
  const { sign } = await import("@holdfast/verify");
  const posts = new Set();
  const answers = {};
  return {
    answers,
    settled: () => Promise.all(posts),
    post: (body) => {
      const bytes = Buffer.from(body);
      const headers = [["content-type", "application/json"]];
      const request = { method: "POST", url, headers, body: bytes };
      const signed = sign({ provider: "stripe", receiver: { secrets: [secret] }, request, now: new Date() });
      const posted = fetch(url, { method: "POST", headers: [...headers, ...signed], body: bytes })
        .then(async (answer) => {
          await answer.arrayBuffer();
          const name = answer.headers.get("holdfast-duplicate") === "true" ? "duplicate" : String(answer.status);
          answers[name] = (answers[name] ?? 0) + 1;
        })
        .finally(() => posts.delete(posted));
      posts.add(posted);
    },
  };
}

async function reconcile({ databaseUrl, secretKey, folder, log, door, undo }) {
  const parts = await Promise.all([
    load("store/database.js"),
    load("engine/recorder.js"),
    load("platform/metrics.js"),
    load("platform/secrets-box.js"),
    load("platform/egress/create-egress.js"),
    load("domain/fair-queue.js"),
    load("pipeline/catalog-index.js"),
    load("store/catalog/load-catalog.js"),
    load("recovery/connectors/open-connector.js"),
    load("recovery/reconcile.js"),
    load("recovery/start-reconciliation.js"),
    load("store/reconciliations/setups.js"),
    load("store/reconciliations/runs.js"),
  ]);
  const tools = Object.assign({}, ...parts);
  const pool = {
    url: databaseUrl,
    connectTimeoutMs: 5_000,
    statementTimeoutMs: 60_000,
    applicationName: "races",
    log: silent,
  };
  const db = tools.openDatabase({ ...pool, connectionsMax: 3 });
  const recordDb = tools.openDatabase({ ...pool, connectionsMax: 2, pipelined: true });
  const key = await tools.loadMasterKey({ value: secretKey, dataDir: null });
  const box = tools.createSecretsBox({ keys: key.keys });
  const clock = { now: () => new Date(), monotonicMs: () => performance.now() };
  const egress = tools.createEgress({ policy: { allowCidrs: ["127.0.0.0/8"] }, log: silent });
  const metrics = tools.createMetrics("proof");
  const limits = { lanes: 1, deadlineMs: 20_000, queueItemsMax: 100, queueBytesMax: 67_108_864 };
  const recorder = tools.createRecorder({
    db: recordDb,
    clock,
    metrics,
    ranks: tools.createFairQueue(),
    ...limits,
    onRecorded() {},
  });
  undo.push(async () => {
    await recorder.drain();
    await egress.close();
    await Promise.all([db.close(), recordDb.close()]);
  });
  const index = tools.indexCatalog(await tools.loadCatalog(db, box));
  const bodies = new Map(log.map(({ id, body }) => [id, body]));
  const record = async (draft) => {
    // Sometimes the webhook is first, sometimes the record, mostly both are under way at once.
    const headStartMs = Math.random() * 2 * JITTER_MS - JITTER_MS;
    if (headStartMs < 0) setTimeout(() => door.post(bodies.get(draft.providerEventId)), -headStartMs);
    else door.post(bodies.get(draft.providerEventId));
    if (headStartMs > 0) await new Promise((resolve) => setTimeout(resolve, headStartMs));
    const recorded = await recorder.submit([draft]);
    return recorded.ok ? { ok: true, value: recorded.value[0] } : recorded;
  };
  const deps = {
    db,
    databaseNow: () => clock.now(),
    box,
    metrics,
    record,
    log: silent,
    random: randomBytes,
    findSource: (id) => index.findSource(index.findSourceById(id).key),
    openConnector: (setup) => tools.openConnector({ egress, clock, dataDir: folder }, setup),
  };
  const [setup] = await tools.loadSetups(db, box);
  const window = { from: new Date(Date.now() - 3_600_000), to: new Date() };
  const started = await tools.startReconciliation(deps, setup, { cause: "requested", startedBy: "proof", window });
  if (started.kind !== "started") throw new Error(JSON.stringify(started));
  // At once, before the gateway's own reconciler looks: the lease is then ours until the end.
  if (!(await tools.reconcileNext(deps, () => false)))
    throw new Error("the gateway took the run; start the proof again");
  const run = (await db.run(tools.findRun, ["default", started.run.id])).rows[0];
  const { state, listed, matched, missing, recovered, unexplained } = run;
  if (state !== "completed") throw new Error(`the run is ${state}: ${run.detail}`);
  return { listed, matched, missing, recovered, unexplained };
}

function toReport({ races, seconds, report, answered, recovered, events, deliveries, duplicates, doubles, lost }) {
  const rules = identifyRules([
    { name: "acked and lost", broken: lost, examples: lost > 0 ? [`${lost} of ${races}`] : [] },
    { name: "stored twice", broken: doubles, examples: doubles > 0 ? [`${doubles} of ${races}`] : [] },
  ]);
  return makeReport({
    proof: "races",
    about: `${races} events, each by its webhook and from the provider's log at the same moment, in ${seconds} s.`,
    repeat: `npm run proof -- races --events ${races}`,
    seeds: [],
    verdict: lost + doubles === 0 ? "true" : "false",
    reasons: giveReasons(rules, []),
    faults: {},
    counts: {
      acked: Object.entries(answered).reduce(
        (sum, [name, times]) => sum + (/^2|^duplicate$/.test(name) ? times : 0),
        0,
      ),
      events,
      deliveries,
      duplicates,
      firstByTheLog: recovered["provider_api"] ?? 0,
      firstByTheWebhook: recovered["arrival"] ?? 0,
      ...report,
    },
    rules,
    bars: [],
    recoveryMs: {},
    details: { answered },
  });
}
