// The check: a pure function over the logs of a run, one pass each with hash maps. It knows nothing of how the gateway
// works, only what it promises. The rules' names are those of docs/proof.md.

/** @import { Logs, Minimum, Verdict } from "./logs.d.ts" */

const EXAMPLES_MAX = 5;

/**
 * Judges a run after its drain.
 *
 * @param {Logs} logs
 * @param {Minimum} minimum
 * @param {{ inFlightMax: number }} bounds how many deliveries the gateway has under way at once at most
 * @returns {Verdict} broken beats unknown beats holds
 */
export function check(logs, minimum, bounds) {
  const sent = readSender(logs.sender);
  const stored = readStore(logs.store);
  const arrived = readReceiver(logs.receiver, sent, stored);
  const faults = readNemesis(logs.nemesis);
  const rules = [
    ...eventRules(sent, stored, logs.store),
    ...deliveryRules(stored, arrived, logs.store),
    ...receiverRules(stored, arrived, faults, bounds),
  ];
  const figures = { ...sent.figures, ...arrived.figures, ...faults.figures, ...count(sent, logs.store) };
  const unseen = Object.entries(minimum)
    .filter(([name, least]) => !(figures[name] >= least))
    .map(([name, least]) => `${name}: ${figures[name] ?? 0} of at least ${least}`);
  const isBroken = rules.some((rule) => rule.broken > 0);
  return { verdict: isBroken ? "broken" : unseen.length > 0 ? "unknown" : "holds", rules, unseen, figures };
}

function toRule(name, examples) {
  return { name, broken: examples.length, examples: examples.slice(0, EXAMPLES_MAX) };
}

function eventRules(sent, stored, store) {
  const lost = [];
  const altered = [];
  const misnamed = [];
  const uncounted = [];
  for (const [event, ack] of sent.acked) {
    const rows = stored.byEvent.get(event) ?? [];
    if (rows.length === 0) lost.push(event);
    for (const row of rows) {
      if (row.sha256 !== ack.sha256 || row.bytesSha256 !== ack.sha256) altered.push(event);
      if (ack.ourIds.some((id) => id !== row.id)) misnamed.push(`${event}: ${ack.ourIds.join(", ")} is ${row.id}`);
      if ((stored.duplicates.get(row.id) ?? 0) < ack.duplicates) uncounted.push(`${event}: ${ack.duplicates} answered`);
    }
  }
  const twice = [...stored.byEvent].filter(([, rows]) => rows.length > 1).map(([event]) => event);
  const phantoms = store.events.filter((row) => !sent.genuine.has(row.event)).map((row) => `${row.event ?? row.id}`);
  const unhashed = store.events.filter((row) => row.sha256 !== row.bytesSha256).map((row) => row.id);
  return [
    toRule("acked and lost", lost),
    toRule("stored otherwise than sent", [...new Set([...altered, ...unhashed])]),
    toRule("stored twice", twice),
    toRule("stored but never sent, or forged", phantoms),
    toRule("forgery acknowledged", sent.forgeriesAcked),
    toRule("genuine and refused for good", sent.refused),
    toRule("answered with another event's id", misnamed),
    toRule("duplicate answered but not counted", uncounted),
  ];
}

function deliveryRules(stored, arrived, store) {
  const deliveries = [...store.finished, ...store.open];
  const perEvent = countBy(deliveries, (delivery) => delivery.eventId);
  const without = store.events.filter((row) => !perEvent.has(row.id)).map((row) => row.event ?? row.id);
  const several = [...perEvent].filter(([, times]) => times > 1).map(([id]) => id);
  const orphans = deliveries.filter((delivery) => !stored.byId.has(delivery.eventId)).map((delivery) => delivery.id);
  const untrue = store.finished
    .filter(({ state, key }) => state === "processed" && !arrived.answeredKeys.has(key))
    .map(({ id }) => id);
  return [
    toRule("event without delivery", without),
    toRule("event with a second delivery", several),
    toRule("delivery without its event", orphans),
    toRule(
      "not finished after the drain",
      store.open.map(({ id, state }) => `${id}: ${state}`),
    ),
    toRule("dead, although the receiver refused nothing for good", deadOnes(store)),
    toRule("called processed without an answered arrival", untrue),
    toRule("attempts that do not add up", findOddAttempts(store)),
  ];
}

const deadOnes = (store) =>
  store.finished.filter(({ state }) => state === "dead").map(({ id, reason }) => `${id}: ${reason}`);

// One final attempt for each processed delivery, no number twice, never more rows than claims were counted.
function findOddAttempts(store) {
  const rows = new Map();
  for (const attempt of store.attempts) {
    const known = rows.get(attempt.deliveryId) ?? { numbers: new Set(), rows: 0, final: 0 };
    known.numbers.add(attempt.number);
    known.rows++;
    if (attempt.nextState === "processed") known.final++;
    rows.set(attempt.deliveryId, known);
  }
  return store.finished
    .filter(({ id, state, attempt }) => {
      const own = rows.get(id) ?? { numbers: new Set(), rows: 0, final: 0 };
      return own.numbers.size !== own.rows || own.rows > attempt || own.final !== (state === "processed" ? 1 : 0);
    })
    .map(({ id, attempt }) => `${id}: ${rows.get(id)?.rows ?? 0} rows for ${attempt} claims`);
}

function receiverRules(stored, arrived, faults, { inFlightMax }) {
  const secondPerKey = [...arrived.effectsPerKey].filter(([, times]) => times > 1).map(([key]) => key);
  const secondPerEvent = [...arrived.effectsPerEvent].filter(([, times]) => times > 1).map(([event]) => event);
  // A 2xx is the receiver's word: whoever says it and does nothing has itself to blame (docs/promises.md).
  const missing = [...stored.processedEvents].filter(
    (event) => !arrived.effectsPerEvent.has(event) && !arrived.liedAbout.has(event),
  );
  const explained = faults.total * inFlightMax;
  const surplus =
    arrived.figures.redeliveries > explained ? [`${arrived.figures.redeliveries} of at most ${explained}`] : [];
  return [
    toRule("second effect for an idempotency key", secondPerKey),
    toRule("second effect for a provider's event", secondPerEvent),
    toRule("processed without an effect", missing),
    toRule("arrived with other bytes than sent", arrived.altered),
    toRule("arrived without a delivery of that key", arrived.strangers),
    toRule("arrived with a signature that does not verify", arrived.unsigned),
    toRule("webhook-id and idempotency-key differ", arrived.unlike),
    toRule("more redeliveries than the faults explain", surplus),
  ];
}

function readSender(records) {
  const invoked = new Map();
  const acked = new Map();
  const genuine = new Map();
  const unknown = new Set();
  const recovered = new Set();
  const underWay = new Map();
  const forgeriesAcked = [];
  const refused = [];
  const figures = {
    sent: 0,
    unsent: 0,
    info: 0,
    duplicatesSent: 0,
    duplicatesAnswered: 0,
    forgeriesRefused: 0,
    refused: 0,
    ackedWhileRetiring: 0,
  };
  for (const record of records) {
    if (record.kind === "invoke") {
      invoked.set(record.op, record);
      figures.sent++;
      add(underWay, record.event);
      if (!record.forged && acked.has(record.event)) figures.duplicatesSent++;
      if (!record.forged) genuine.set(record.event, record.sha256);
      continue;
    }
    const { event, sha256, forged, secret = 0 } = invoked.get(record.op);
    invoked.delete(record.op);
    underWay.set(event, underWay.get(event) - 1);
    if (underWay.get(event) === 0) underWay.delete(event);
    if (record.kind === "unsent") figures.unsent++;
    else if (record.kind === "info") {
      figures.info++;
      if (!forged && !acked.has(event)) unknown.add(event);
    } else if (record.kind === "fail") {
      figures[forged ? "forgeriesRefused" : "refused"]++;
      if (!forged) refused.push(`${event}: status ${record.status}`);
    } else if (forged) forgeriesAcked.push(event);
    else {
      const ack = acked.get(event) ?? { sha256, ourIds: [], duplicates: 0 };
      // Called a duplicate, and nobody was ever told that it was stored: the one whose answer was lost had been.
      const isFirstAnswer = !acked.has(event) && !underWay.has(event);
      if (record.duplicate && isFirstAnswer && unknown.has(event)) recovered.add(event);
      if (record.duplicate) ack.duplicates++;
      if (secret > 0) figures.ackedWhileRetiring++;
      if (record.duplicate) figures.duplicatesAnswered++;
      if (record.ourId !== null && !ack.ourIds.includes(record.ourId)) ack.ourIds.push(record.ourId);
      acked.set(event, ack);
    }
  }
  return { acked, genuine, unknown, recovered, forgeriesAcked, refused, figures };
}

// Judges each arrival as it is read, so that a million of them need not be kept.
function readReceiver(records, sent, stored) {
  const found = { altered: [], strangers: [], unsigned: [], unlike: [] };
  const keyOf = new Map();
  const answeredKeys = new Set();
  const effectsPerKey = new Map();
  const effectsPerEvent = new Map();
  const liedAbout = new Set();
  const figures = { arrivals: 0, redeliveries: 0, retriesAfterFailure: 0, effects: 0, receiverFailures: 0 };
  const seenKeys = new Set();
  for (const record of records) {
    if (record.kind === "arrival") {
      if (sent.genuine.get(record.event) !== record.sha256) found.altered.push(record.event);
      if (stored.eventOfKey.get(record.key) !== record.event) found.strangers.push(record.key);
      if (!record.signed) found.unsigned.push(record.key);
      if (record.key !== record.webhookId) found.unlike.push(record.key);
      keyOf.set(record.n, record.key);
      figures.arrivals++;
      if (answeredKeys.has(record.key)) figures.redeliveries++;
      else if (seenKeys.has(record.key)) figures.retriesAfterFailure++;
      seenKeys.add(record.key);
    } else if (record.kind === "effect") {
      figures.effects++;
      add(effectsPerKey, record.key);
      add(effectsPerEvent, record.event);
    } else if (record.kind === "lied") liedAbout.add(record.event);
    else if (record.kind === "answered" && record.status >= 200 && record.status < 300) {
      answeredKeys.add(keyOf.get(record.n));
      keyOf.delete(record.n);
    } else figures.receiverFailures++;
  }
  return { ...found, answeredKeys, effectsPerKey, effectsPerEvent, liedAbout, figures };
}

function readStore(store) {
  const byEvent = new Map();
  const byId = new Map();
  for (const row of store.events) {
    const others = byEvent.get(row.event);
    if (others === undefined) byEvent.set(row.event, [row]);
    else others.push(row);
    byId.set(row.id, row);
  }
  const eventOf = (delivery) => byId.get(delivery.eventId)?.event;
  return {
    byEvent,
    byId,
    eventOfKey: new Map([...store.finished, ...store.open].map((delivery) => [delivery.key, eventOf(delivery)])),
    processedEvents: new Set(store.finished.filter(({ state }) => state === "processed").map(eventOf)),
    duplicates: new Map(store.duplicates.map((row) => [row.eventId, row.count])),
  };
}

function readNemesis(records) {
  const kills = records.filter((record) => record.kind === "killed");
  const ended = records.filter((record) => record.kind === "gateway_ended").length;
  const struck = records.filter((record) => record.kind === "struck");
  const times = (kind, how) => records.filter((record) => record.kind === kind && record.how === how).length;
  const figures = {
    gatewayKills: kills.filter((record) => record.target === "gateway").length,
    databaseKills: kills.filter((record) => record.target === "database").length,
    gatewayEndedByItself: ended,
    worldFaults: struck.filter((record) => record.target !== "upkeep").length,
    powerCuts: times("struck", "power"),
    secretsRolled: times("struck", "secret rolled"),
    secretsEnded: times("healed", "secret rolled"),
    migrations: times("struck", "migration"),
    rollingRestarts: times("struck", "rolling restart"),
  };
  return { total: kills.length + ended + struck.length, figures };
}

function count(sent, store) {
  const storedUnacked = store.events.filter((row) => sent.unknown.has(row.event) && !sent.acked.has(row.event)).length;
  return {
    acked: sent.acked.size,
    stored: store.events.length,
    storedUnacked,
    recovered: sent.recovered.size + storedUnacked,
    processed: store.finished.filter(({ state }) => state === "processed").length,
    dead: store.finished.filter(({ state }) => state === "dead").length,
    attempts: store.attempts.length,
  };
}

function countBy(list, keyOf) {
  const counts = new Map();
  for (const item of list) add(counts, keyOf(item));
  return counts;
}

function add(counts, key) {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
