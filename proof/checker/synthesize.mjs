// Logs of a run that never was: as many events as are asked for, one in ten sent again, one in a hundred forged, one in fifty
// delivered twice around a kill. Only to see how long the checkers take, and that they find one loss among all.
import { createHash } from "node:crypto";

const hashOf = (i) => createHash("sha256").update(`${i}`).digest("hex");
const eventOf = (i) => `evt_P1${i.toString(36).padStart(22, "0")}`;
const oursOf = (i) => `evt_${i.toString(36).padStart(26, "0")}`;
const deliveryOf = (i) => `dlv_${i.toString(36).padStart(26, "0")}`;

/** The sender's records, in order. @param {number} events */
export function* sendersRecords(events) {
  let op = 0;
  const send = function* (event, i, forged, result) {
    yield { kind: "invoke", op, event, sha256: hashOf(i), forged, t: op };
    yield { ...result, op: op++, t: op };
  };
  for (let i = 0; i < events; i++) {
    const ok = { kind: "ok", status: 200, ourId: oursOf(i) };
    if (i % 100 === 3) yield* send(eventOf(i), i, false, { kind: "info", cause: "ECONNRESET" });
    yield* send(eventOf(i), i, false, { ...ok, duplicate: i % 100 === 3 });
    if (i % 10 === 0) yield* send(eventOf(i), i, false, { ...ok, duplicate: true });
    if (i % 100 === 0) yield* send(eventOf(events + i), i, true, { kind: "fail", status: 401 });
  }
}

/** The receiver's. @param {number} events */
export function* receiversRecords(events) {
  let n = 0;
  for (let i = 0; i < events; i++) {
    const key = deliveryOf(i);
    for (let attempt = 1; attempt <= (i % 50 === 0 ? 2 : 1); attempt++, n++) {
      yield {
        kind: "arrival",
        n,
        key,
        webhookId: key,
        event: eventOf(i),
        sha256: hashOf(i),
        signed: true,
        attempt,
        t: n,
      };
      if (attempt === 1) yield { kind: "effect", n, key, event: eventOf(i) };
      yield { kind: "answered", n, status: 204, t: n };
    }
  }
}

/** The fault driver's: as many kills as explain what was delivered twice. @param {number} events */
export const nemesisRecords = (events) =>
  Array.from({ length: Math.ceil(events / 2_000) }, (_, i) => ({
    kind: "killed",
    target: i % 5 === 0 ? "database" : "gateway",
    during: "service",
    t: i,
  }));

/** The store. `lost` is the number of an event that is not in it. @param {number} events @param {number} lost */
export function storeOf(events, lost) {
  const store = { events: [], open: [], finished: [], attempts: [], duplicates: [] };
  for (let i = 0; i < events; i++) {
    if (i === lost) continue;
    const [id, own, sha256] = [oursOf(i), deliveryOf(i), hashOf(i)];
    const attempt = i % 50 === 0 ? 2 : 1;
    store.events.push({ id, event: eventOf(i), sha256, bytesSha256: sha256 });
    store.finished.push({ id: own, eventId: id, key: own, state: "processed", attempt, reason: null });
    store.attempts.push({ deliveryId: own, number: attempt, nextState: "processed" });
    const count = (i % 10 === 0 ? 1 : 0) + (i % 100 === 3 ? 1 : 0);
    if (count > 0) store.duplicates.push({ eventId: id, count });
  }
  return store;
}

/** Moves, rows and arrivals of as many deliveries; every fiftieth lost its first lease. @param {number} events */
export function historyOf(events) {
  const history = { moves: [], rows: [], arrivals: [], ordered: [], changes: [], account: [] };
  for (let i = 0; i < events; i++) {
    const [delivery, t] = [deliveryOf(i), i];
    const claims = i % 50 === 0 ? 2 : 1;
    history.moves.push({ delivery, from: null, to: "ready", lease: null, t });
    for (let claim = 1; claim <= claims; claim++) {
      // A claim takes many at once with one token.
      const lease = `${claim}-${Math.floor(i / 64)}`;
      history.moves.push({ delivery, from: "ready", to: "leased", lease, t });
      history.arrivals.push({ key: delivery, tenant: "default", destination: "app", t });
      history.moves.push({ delivery, from: "leased", to: claim === claims ? "processed" : "ready", lease, t });
    }
    const own = { tenant: "default", event: oursOf(i), destination: "app", key: delivery, state: "processed" };
    history.rows.push({ id: delivery, ...own, replay: null, claims, attempts: claims });
  }
  return history;
}
