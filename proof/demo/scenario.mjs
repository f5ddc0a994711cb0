// The story: six providers at work, then a rotation that went wrong, a service that is down, one that refuses, and a burst.
import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { sign } from "@holdfast/verify";
import { built } from "./stage.mjs";
import { writePast } from "./past.mjs";

/** Source, provider, where its events go, and how many come in a quiet minute. */
const CAST = [
  { name: "stripe-payments", provider: "stripe", to: ["billing", "crm"], priority: "critical", perMinute: 42 },
  { name: "shopify-orders", provider: "shopify", to: ["orders", "warehouse"], priority: "high", perMinute: 28 },
  { name: "github-builds", provider: "github", to: ["search"], priority: "low", perMinute: 64 },
  { name: "slack-support", provider: "slack", to: ["chat"], priority: "normal", perMinute: 19 },
  { name: "twilio-sms", provider: "twilio", to: ["chat"], priority: "normal", perMinute: 11 },
  { name: "linear-issues", provider: "linear", to: ["search"], priority: "low", perMinute: 7 },
];
const SERVICES = {
  billing: { ratePerSec: 200, perMinute: 42, tookMs: 35 },
  orders: { concurrency: 20, perMinute: 28, tookMs: 90 },
  warehouse: { retry: { scheduleSec: [1, 1, 600, 3_600] }, perMinute: 28, tookMs: 60, quietMin: 6 },
  search: { concurrency: 40, perMinute: 71, tookMs: 220 },
  chat: { perMinute: 30, tookMs: 18 },
  crm: { retry: { scheduleSec: [1, 600], refusalsMax: 1 }, perMinute: 42, tookMs: 45 },
};

/** Plays the story once; afterwards `trickle` keeps a few events coming until it is stopped. */
export async function playScenario(stage, tell) {
  const troupe = await setUp(stage);
  tell("six sources, six destinations, an hour of quiet work");
  await quietWork(troupe);
  tell("the secret of stripe-payments is rotated, and the old one is retired before Stripe has the new one");
  await wrongRotation(stage, troupe);
  tell("the warehouse goes down, and the CRM refuses what it does not know");
  await trouble(stage, troupe);
  tell("a burst of builds");
  await Promise.all(Array.from({ length: 300 }, (_, i) => send(troupe.actors[2], pickType(troupe.actors[2], i))));
  tell("a replay, a plan that waits, and a comparison with the provider's log");
  const recovery = await recover(stage, troupe);
  return { ...troupe, ...recovery, trickle: () => trickle(troupe) };
}

async function setUp({ api, services, databaseUrl, gateway }) {
  const { findSample, openFresh } = await built("cli/samples/all-samples.js");
  const { parsePublicId } = await built("domain/id.js");
  const destinations = [];
  for (const [name, { perMinute, tookMs, quietMin = 0, ...limits }] of Object.entries(SERVICES)) {
    const made = await api.destinations.create({ name, url: `${services.url}/${name}`, timeoutMs: 5_000, ...limits });
    destinations.push({ id: made.id, name, uuid: parsePublicId("dst", made.id), perMinute, tookMs, quietMin });
  }
  const actors = [];
  for (const { name, provider, to, priority, perMinute } of CAST) {
    const sample = findSample(provider);
    const secret = `${sample.secretPrefix ?? ""}${randomBytes(32).toString("base64")}`;
    const more = sample.signsUrl === true ? { notificationUrl: `https://hooks.example.com/${name}` } : {};
    const source = await api.sources.create({
      name,
      provider,
      priority,
      secrets: [{ value: secret, version: "v1" }],
      ...more,
    });
    for (const destination of to) await api.routes.create({ source: name, destination });
    const uuid = parsePublicId("src", source.id);
    actors.push({ source, uuid, provider, sample, openFresh, secret, more, perMinute, ingestUrl: gateway.ingestUrl });
  }
  await writePast(
    databaseUrl,
    actors.map(({ uuid, perMinute }) => ({ id: uuid, perMinute })),
    destinations.map((destination) => ({ ...destination, id: destination.uuid })),
  );
  return { actors, destinations };
}

function pickType({ sample }, i) {
  return sample.eventTypes[i % sample.eventTypes.length] ?? "sample";
}

/** Posts a signed sample as the provider would; gives back what was posted, so that it can be posted again. */
async function send(actor, eventType, secret = actor.secret) {
  const made = actor.sample.build(eventType, actor.openFresh(new Date()));
  const body = Buffer.from(made.body);
  const headers = [...made.headers];
  const url = actor.more.notificationUrl ?? actor.source.ingestUrl;
  const receiver = { secrets: [secret], ...actor.more };
  const request = { method: "POST", url, headers, body };
  const added = sign({ provider: actor.provider, receiver, request, now: new Date() });
  const posted = { headers: [...headers, ...added], body, text: made.body };
  await post(actor, posted);
  return posted;
}

// Put off by a machine that is too busy, it comes again, as with a provider.
async function post(actor, { headers, body }) {
  const { pathname } = new URL(actor.source.ingestUrl);
  await until(async () => {
    const answer = await fetch(`${actor.ingestUrl}${pathname}`, { method: "POST", headers, body });
    await answer.arrayBuffer();
    return answer.status !== 429 && answer.status !== 503;
  });
}

async function quietWork({ actors }) {
  for (const actor of actors) {
    const sent = await Promise.all(
      Array.from({ length: Math.min(24, actor.perMinute) }, (_, i) => send(actor, pickType(actor, i))),
    );
    if (actor.provider === "stripe") actor.sent = sent;
    await post(actor, sent[0]);
    await post(actor, sent[0]);
  }
}

async function wrongRotation({ api }, { actors: [stripe] }) {
  const id = stripe.source.id;
  const { version } = await api.secrets.add(id, { value: `whsec_${randomBytes(32).toString("base64")}` });
  await api.secrets.promote(id, version, { overlapHours: 24 });
  await api.secrets.retire(id, "v1", { force: true });
  for (let i = 0; i < 14; i++) await send(stripe, pickType(stripe, i));
  // Somebody has noticed, and given the old secret back under a new name: both verify, and the wizard waits.
  await api.secrets.add(id, { value: stripe.secret, version: "v1-again" });
  for (let i = 0; i < 6; i++) stripe.sent.push(await send(stripe, pickType(stripe, i)));
  const broken = { headers: [["content-type", "application/json"]], body: Buffer.from('{"id":"evt_forged"}') };
  await post(stripe, broken);
}

async function trouble({ api, services }, { actors: [stripe, shopify] }) {
  services.behave("warehouse", 503, 40);
  services.behave("crm", 422, 25);
  await Promise.all(Array.from({ length: 54 }, (_, i) => send(shopify, pickType(shopify, i))));
  for (let i = 0; i < 9; i++) stripe.sent.push(await send(stripe, pickType(stripe, i)));
  await until(async () => (await api.deadLetters.page({ limit: 1 })).items.length > 0);
  await until(async () => (await api.destinations.get("warehouse")).gate?.breaker === "open");
  await api.patch("/destinations/chat", { state: "paused", stateReason: "deploy of the support desk" });
}

async function recover({ api, services }, { actors: [stripe] }) {
  services.behave("crm", 200, 45);
  const fixed = await api.replays.plan({ states: ["dead"], destinations: ["crm"], by: "Ines" });
  const replay = await api.replays.run(fixed.token, { by: "Ines" });
  await until(async () => (await api.replays.get(replay.id)).state === "completed");
  // Nine that the provider has sent and that never came: the network between was down.
  const missed = Array.from({ length: 9 }, (_, i) =>
    stripe.sample.build(pickType(stripe, i), stripe.openFresh(new Date(Date.now() - 90_000))),
  );
  services.log.push(...stripe.sent.map(({ text }) => text), ...missed.map(({ body }) => body));
  await api.reconciliations.create({
    name: "stripe-log",
    source: stripe.source.name,
    connector: {
      kind: "http",
      url: `${services.url}/provider-log`,
      paging: "none",
      items: "/data",
      id: "/id",
      type: "/type",
      time: "/created",
      timeFormat: "s",
    },
    schedule: "*/15 * * * *",
    lagSec: 0,
  });
  const { id } = await api.reconciliations.start("stripe-log");
  await until(async () => !["started", "listed", "recovered"].includes((await api.reconciliations.runs.get(id)).state));
  services.behave("crm", 422, 25);
  for (let i = 0; i < 7; i++) await send(stripe, pickType(stripe, i));
  await until(async () => (await api.deadLetters.page({ limit: 10 })).items.length >= 7);
  const plan = await api.replays.plan({
    states: ["dead"],
    sources: [stripe.source.name],
    destinations: ["crm"],
    by: "Tom",
  });
  return { replayId: replay.id, planId: plan.id, runId: id };
}

/** Asks again until the answer is yes, for a minute at most: the story goes on then all the same. */
async function until(isSo) {
  const endMs = Date.now() + 60_000;
  while (Date.now() < endMs) {
    if (await isSo()) return;
    await pause(250);
  }
}

/** A few events a second, until it is stopped. */
function trickle({ actors }) {
  let at = 0;
  const timer = setInterval(() => {
    const actor = actors[at++ % actors.length];
    send(actor, pickType(actor, at)).catch(() => {});
  }, 700);
  return () => clearInterval(timer);
}
