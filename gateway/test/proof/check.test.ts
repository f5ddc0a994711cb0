import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { check } from "../../../proof/kill-flood/check.mjs";
import type { Logs, Minimum, NemesisRecord, ReceiverRecord, SenderRecord } from "../../../proof/kill-flood/logs.d.ts";

/** Logs that can be altered, so that each test plants one fault in a clean history. */
interface History {
  sender: SenderRecord[];
  receiver: ReceiverRecord[];
  nemesis: NemesisRecord[];
  store: { [Table in keyof Logs["store"]]: Logs["store"][Table][number][] };
}

const EVENTS = 40;
const MINIMUM: Minimum = {
  acked: EVENTS,
  duplicatesSent: 1,
  forgeriesRefused: 1,
  gatewayKills: 1,
  databaseKills: 1,
  redeliveries: 1,
  recovered: 1,
};
const BOUNDS = { inFlightMax: 2 };
const hashOf = (i: number): string => `${i}`.padStart(64, "a");

/** Forty events; the first is sent again, the second was stored by a lost answer, the third delivered twice after a kill. */
function cleanHistory(): History {
  const history: History = {
    sender: [],
    receiver: [],
    nemesis: [
      { kind: "killed", target: "gateway", during: "service", t: 3 },
      { kind: "recovered", target: "gateway", afterMs: 400, t: 4 },
      { kind: "killed", target: "database", during: "service", t: 5 },
    ],
    store: { events: [], open: [], finished: [], attempts: [], duplicates: [] },
  };
  for (let i = 0; i < EVENTS; i++) addEvent(history, i);
  send(history, 0, { kind: "ok", duplicate: true });
  history.store.duplicates.push({ eventId: "evt_0", count: 1 }, { eventId: "evt_1", count: 1 });
  const op = history.sender.length;
  history.sender.push({ kind: "invoke", op, event: "stripe_forged", sha256: hashOf(99), forged: true, t: op });
  history.sender.push({ kind: "fail", op, status: 401, t: op });
  deliver(history, 2, 2);
  return history;
}

function addEvent(history: History, i: number): void {
  if (i === 1) send(history, i, { kind: "info" });
  send(history, i, { kind: "ok", duplicate: i === 1 });
  const row = { id: `evt_${i}`, event: `stripe_${i}`, sha256: hashOf(i), bytesSha256: hashOf(i) };
  history.store.events.push(row);
  deliver(history, i, 1);
  const delivery = { id: `dlv_${i}`, eventId: row.id, key: `dlv_${i}` };
  history.store.finished.push({ ...delivery, state: "processed", attempt: i === 2 ? 2 : 1, reason: null });
  history.store.attempts.push({ deliveryId: delivery.id, number: i === 2 ? 2 : 1, nextState: "processed" });
}

function send(history: History, i: number, result: { kind: "ok"; duplicate: boolean } | { kind: "info" }): void {
  const op = history.sender.length;
  history.sender.push({ kind: "invoke", op, event: `stripe_${i}`, sha256: hashOf(i), forged: false, t: op });
  if (result.kind === "info") history.sender.push({ kind: "info", op, cause: "ECONNRESET", t: op });
  else history.sender.push({ kind: "ok", op, status: 200, duplicate: result.duplicate, ourId: `evt_${i}`, t: op });
}

function deliver(history: History, i: number, attempt: number): void {
  const n = history.receiver.length;
  const key = `dlv_${i}`;
  const arrival = { n, key, webhookId: key, event: `stripe_${i}`, sha256: hashOf(i), signed: true, attempt, t: n };
  history.receiver.push({ kind: "arrival", ...arrival });
  if (attempt === 1) history.receiver.push({ kind: "effect", n, key, event: arrival.event });
  history.receiver.push({ kind: "answered", n, status: 204, t: n });
}

/** The arrival of an event, or the record of it of another kind. */
function find<Kind extends ReceiverRecord["kind"]>(history: History, kind: Kind, key: string): number {
  const arrival = history.receiver.find((record) => record.kind === "arrival" && record.key === key);
  return history.receiver.findIndex((record) => record.kind === kind && record.n === arrival?.n);
}

function alterArrival(history: History, key: string, change: Partial<ReceiverRecord & { kind: "arrival" }>): void {
  const at = find(history, "arrival", key);
  history.receiver[at] = { ...history.receiver[at], ...change } as ReceiverRecord;
}

test("a clean history holds, and says what it has seen", () => {
  const verdict = check(cleanHistory(), MINIMUM, BOUNDS);
  expect(verdict.rules.filter((rule) => rule.broken > 0)).toEqual([]);
  expect(verdict).toMatchObject({ verdict: "holds", unseen: [] });
  expect(verdict.figures).toMatchObject({ acked: EVENTS, recovered: 1, redeliveries: 1, duplicatesAnswered: 2 });
});

const PLANTED: readonly [fault: string, rule: string, plant: (history: History) => void][] = [
  ["an acknowledged event that is not stored", "acked and lost", (h) => h.store.events.splice(7, 1)],
  ["a body that was re-serialised before it was stored", "stored otherwise than sent", (h) => {
    h.store.events[7] = { ...h.store.events[7]!, sha256: hashOf(77), bytesSha256: hashOf(77) };
  }],
  ["stored bytes that do not match their stored hash", "stored otherwise than sent", (h) => {
    h.store.events[7] = { ...h.store.events[7]!, bytesSha256: hashOf(77) };
  }],
  ["a second row of one event", "stored twice", (h) => h.store.events.push({ ...h.store.events[7]!, id: "evt_700" })],
  ["a stored event that nobody sent", "stored but never sent, or forged", (h) => {
    h.store.events.push({ id: "evt_900", event: "stripe_900", sha256: hashOf(9), bytesSha256: hashOf(9) });
  }],
  ["a stored forgery", "stored but never sent, or forged", (h) => {
    h.store.events.push({ id: "evt_900", event: "stripe_forged", sha256: hashOf(9), bytesSha256: hashOf(9) });
  }],
  ["an acknowledged forgery", "forgery acknowledged", (h) => {
    const op = h.sender.length;
    h.sender.push({ kind: "invoke", op, event: "stripe_forged", sha256: hashOf(9), forged: true, t: op });
    h.sender.push({ kind: "ok", op, status: 200, duplicate: false, ourId: "evt_900", t: op });
  }],
  ["a genuine event that was refused, as by a secret that ended too early", "genuine and refused for good", (h) => {
    const op = h.sender.length;
    h.sender.push({ kind: "invoke", op, event: "stripe_7", sha256: hashOf(7), forged: false, t: op });
    h.sender.push({ kind: "fail", op, status: 401, t: op });
  }],
  ["an acknowledgement that names another event", "answered with another event's id", (h) => {
    const at = h.sender.findIndex((record) => record.kind === "ok" && record.ourId === "evt_7");
    h.sender[at] = { ...(h.sender[at] as SenderRecord & { kind: "ok" }), ourId: "evt_8" };
  }],
  ["a duplicate that was not counted", "duplicate answered but not counted", (h) => h.store.duplicates.splice(0, 1)],
  ["an event without a delivery", "event without delivery", (h) => h.store.finished.splice(7, 1)],
  ["an event with two deliveries", "event with a second delivery", (h) => {
    h.store.finished.push({ ...h.store.finished[7]!, id: "dlv_700", key: "dlv_700" });
  }],
  ["a delivery of no event", "delivery without its event", (h) => {
    h.store.finished.push({ ...h.store.finished[7]!, id: "dlv_700", eventId: "evt_900" });
  }],
  ["a delivery that is still leased after the drain", "not finished after the drain", (h) => {
    h.store.finished.splice(7, 1);
    h.store.open.push({ id: "dlv_7", eventId: "evt_7", key: "dlv_7", state: "leased" });
  }],
  ["a delivery that died without a refusal", "dead, although the receiver refused nothing for good", (h) => {
    h.store.finished[7] = { ...h.store.finished[7]!, state: "dead", reason: "attempts_exhausted" };
  }],
  ["processed, but the receiver never answered", "called processed without an answered arrival", (h) => {
    h.receiver.splice(find(h, "answered", "dlv_7"), 1);
  }],
  ["processed, and the receiver answered only 503", "called processed without an answered arrival", (h) => {
    const at = find(h, "answered", "dlv_7");
    h.receiver[at] = { ...(h.receiver[at] as ReceiverRecord & { kind: "answered" }), status: 503 };
  }],
  ["an attempt without a row", "attempts that do not add up", (h) => h.store.attempts.splice(7, 1)],
  ["two attempts of one number", "attempts that do not add up", (h) => {
    h.store.attempts.push({ ...h.store.attempts[2]!, nextState: "scheduled" });
  }],
  ["two attempts that both finished a delivery", "attempts that do not add up", (h) => {
    h.store.attempts.push({ ...h.store.attempts[2]!, number: 1 });
  }],
  ["a second effect under one key", "second effect for an idempotency key", (h) => {
    h.receiver.push({ kind: "effect", n: 900, key: "dlv_7", event: "stripe_7" });
  }],
  ["a second effect under a new key", "second effect for a provider's event", (h) => {
    h.receiver.push({ kind: "effect", n: 900, key: "dlv_700", event: "stripe_7" });
  }],
  ["an effect that is missing", "processed without an effect", (h) => h.receiver.splice(find(h, "effect", "dlv_7"), 1)],
  ["a body that arrived altered", "arrived with other bytes than sent", (h) =>
    alterArrival(h, "dlv_7", { sha256: hashOf(77) })],
  ["an arrival under a key that no delivery has", "arrived without a delivery of that key", (h) =>
    alterArrival(h, "dlv_7", { key: "dlv_700", webhookId: "dlv_700" })],
  ["a signature that does not verify", "arrived with a signature that does not verify", (h) =>
    alterArrival(h, "dlv_7", { signed: false })],
  ["two names for one delivery", "webhook-id and idempotency-key differ", (h) =>
    alterArrival(h, "dlv_7", { webhookId: "dlv_8" })],
  ["redeliveries beyond what the kills can have caused", "more redeliveries than the faults explain", (h) => {
    for (let i = 0; i < 5; i++) deliver(h, 10 + i, 2);
  }],
]; // prettier-ignore

test.each(PLANTED)('%s is caught by "%s"', (_fault, rule, plant) => {
  const history = cleanHistory();
  plant(history);
  const verdict = check(history, MINIMUM, BOUNDS);
  expect(verdict.verdict).toBe("broken");
  expect(verdict.rules.filter(({ broken }) => broken > 0).map(({ name }) => name)).toContain(rule);
});

test("every rule is broken by at least one planted fault", () => {
  const all = check(cleanHistory(), MINIMUM, BOUNDS).rules.map((rule) => rule.name);
  expect(all.filter((name) => !PLANTED.some(([, rule]) => rule === name))).toEqual([]);
});

test("a receiver that says 2xx and does nothing is taken at its word, for the events that it lied about and no other (F66)", () => {
  const history = cleanHistory();
  const arrival = history.receiver.find((record) => record.kind === "arrival" && record.key === "dlv_7")!;
  history.receiver[find(history, "effect", "dlv_7")] = { kind: "lied", n: arrival.n, key: "dlv_7", event: "stripe_7" };
  expect(check(history, MINIMUM, BOUNDS).verdict).toBe("holds");
  history.receiver.splice(find(history, "effect", "dlv_8"), 1);
  expect(check(history, MINIMUM, BOUNDS).verdict).toBe("broken");
});

test("docs/proof.md lists the rules that are checked", () => {
  const page = readFileSync(new URL("../../../docs/proof.md", import.meta.url), "utf8");
  const table = page.split("| rule | promise |")[1]?.split("\n\n")[0] ?? "";
  const listed = [...table.matchAll(/^\| ([^|]+?) \| [\d, ]+ \|$/gm)].map((match) => match[1]);
  expect(listed).toEqual(check(cleanHistory(), MINIMUM, BOUNDS).rules.map((rule) => rule.name));
});

test("an empty run is unknown, never good", () => {
  const empty: Logs = {
    sender: [],
    receiver: [],
    nemesis: [],
    store: { events: [], open: [], finished: [], attempts: [], duplicates: [] },
  };
  const verdict = check(empty, MINIMUM, BOUNDS);
  expect(verdict.verdict).toBe("unknown");
  expect(verdict.unseen).toHaveLength(Object.keys(MINIMUM).length);
});

test("a run that was not killed often enough is unknown", () => {
  const history = cleanHistory();
  history.nemesis = history.nemesis.filter((record) => record.kind !== "killed" || record.target !== "database");
  expect(check(history, MINIMUM, BOUNDS)).toMatchObject({
    verdict: "unknown",
    unseen: ["databaseKills: 0 of at least 1"],
  });
});

test("an unknown result may be stored or not; stored, it must be delivered like any other", () => {
  const history = cleanHistory();
  send(history, 50, { kind: "info" });
  expect(check(history, MINIMUM, BOUNDS).verdict).toBe("holds");
  history.store.events.push({ id: "evt_50", event: "stripe_50", sha256: hashOf(50), bytesSha256: hashOf(50) });
  expect(check(history, MINIMUM, BOUNDS).verdict).toBe("broken");
});
