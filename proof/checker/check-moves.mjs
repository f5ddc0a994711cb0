// What became of each delivery, move by move, as a trigger of the database wrote it down: the product's code cannot forget a
// move there or prettify one. A pure function, one pass over each log with hash maps; it knows the table of states and nothing
// else of the product. The rules' names are those of docs/proof.md.

/**
 * @typedef {{ delivery: string, from: string | null, to: string, lease: string | null, t: number,
 *   by?: string | null, until?: number | null }} Move
 *   `to` is a state, or the state of the history that the delivery left the queue for; `lease` the token that it was made with
 *   (the new one where it is leased), `until` when that ends, `by` the process that made the move, where they are known. In the
 *   order in which the database made them.
 * @typedef {{ id: string, tenant: string, event: string, destination: string, key: string, state: string, replay: string | null,
 *   claims: number, attempts: number }} Row
 * @typedef {{ key: string, tenant: string, destination: string, t: number }} Arrival
 * @typedef {{ key: string, delivery: string, sentAt: number, ackedAt: number }} Ordered what was sent under one key of order
 * @typedef {{ moves: Move[], rows: Row[], arrivals: Arrival[], ordered: Ordered[], changes: string[], account: string[] }} History
 * @typedef {{ legal: readonly (readonly [from: string | null, to: string])[], leaseMaxMs: number }} Bounds
 *   `leaseMaxMs`: a lease and the time until the next look for expired ones
 */

const EXAMPLES_MAX = 5;
const ENDED = new Set(["processed", "dead"]);

/**
 * @param {History} history after the drain
 * @param {Bounds} bounds
 * @param {Readonly<Record<string, number>>} minimum what must have been seen, by figure
 * @returns {{ verdict: "holds" | "broken" | "unknown", rules: { name: string, broken: number, examples: string[] }[], unseen: string[], figures: Record<string, number> }}
 */
export function checkMoves(history, bounds, minimum) {
  const moved = followMoves(history, bounds);
  const rules = [
    ["a move that the table of states has not", moved.illegal],
    ["a move out of an end", moved.afterEnd],
    ["a row that is not where its last move put it", findMisplaced(history, moved.last)],
    ["ended by a lease that was not the latest", moved.stale],
    ["a lease's token used for two claims", moved.reused],
    ["a lease held beyond its end and the next look", moved.overlong],
    ["more attempts than claims", history.rows.filter((row) => row.attempts > row.claims).map(({ id }) => id)],
    ["arrived at another destination or for another tenant", findStrays(history)],
    ["arrived after it was processed", findLate(history, moved.endedAt)],
    ["the order of a key was not kept", findDisorder(history, moved.endedAt)],
    ["two deliveries of one replay for one event and destination", findDoubles(history)],
    ["a change without its entry in the account, or an entry without its change", findUnaccounted(history)],
  ].map(([name, found]) => ({ name, broken: found.length, examples: found.slice(0, EXAMPLES_MAX) }));
  const figures = {
    moves: history.moves.length,
    edges: moved.edges.size,
    arrivals: history.arrivals.length,
    ordered: history.ordered.length,
    replayed: history.rows.filter(({ replay }) => replay !== null).length,
    changes: history.changes.length,
  };
  const unseen = Object.entries(minimum)
    .filter(([name, least]) => !(figures[name] >= least))
    .map(([name, least]) => `${name}: ${figures[name] ?? 0} of at least ${least}`);
  const isBroken = rules.some(({ broken }) => broken > 0);
  return { verdict: isBroken ? "broken" : unseen.length > 0 ? "unknown" : "holds", rules, unseen, figures };
}

function followMoves({ moves }, { legal, leaseMaxMs }) {
  const table = new Set(legal.map(([from, to]) => `${from} ${to}`));
  const found = { illegal: [], afterEnd: [], stale: [], reused: [], overlong: [] };
  const last = new Map();
  const leases = new Map();
  const holders = new Map();
  const endedAt = new Map();
  const edges = new Set();
  for (const move of moves) {
    const { delivery, from, to, lease, t, by = null, until = null } = move;
    const told = `${delivery}: ${from} to ${to}`;
    edges.add(`${from} ${to}`);
    if (endedAt.has(delivery)) found.afterEnd.push(told);
    if (!table.has(`${from} ${to}`) || (last.get(delivery) ?? null) !== from) found.illegal.push(told);
    if (from === "leased") {
      const held = leases.get(delivery);
      if (held?.lease !== lease) found.stale.push(`${told} by ${lease}`);
      else if (isIntruder(held, by, t)) found.stale.push(`${told} by ${by}, while ${held.by} held it`);
      if (held !== undefined && t - held.t > leaseMaxMs) found.overlong.push(`${told} after ${t - held.t} ms`);
      leases.delete(delivery);
    }
    if (to === "leased") {
      // One claim takes many deliveries with one token, each of them once.
      if (holders.get(lease)?.has(delivery)) found.reused.push(`${told} by ${lease}`);
      holders.set(lease, (holders.get(lease) ?? new Set()).add(delivery));
      leases.set(delivery, { lease, t, by, until });
    }
    if (ENDED.has(to)) endedAt.set(delivery, t);
    last.set(delivery, to);
  }
  for (const [delivery] of leases) found.overlong.push(`${delivery}: leased for ever`);
  return { ...found, last, endedAt, edges };
}

// Nobody but its holder ends a lease before its time, whatever token the row shows by then.
const isIntruder = (held, by, t) => by !== null && held.by !== null && by !== held.by && t < (held.until ?? 0);

const findMisplaced = ({ rows }, last) =>
  rows.filter(({ id, state }) => last.get(id) !== state).map(({ id, state }) => `${id}: ${state}, not ${last.get(id)}`);

function findStrays({ rows, arrivals }) {
  const known = new Set(rows.map(({ key, tenant, destination }) => `${key} ${tenant} ${destination}`));
  return arrivals
    .filter(({ key, tenant, destination }) => !known.has(`${key} ${tenant} ${destination}`))
    .map(({ key, destination }) => `${key} at ${destination}`);
}

function findLate({ rows, arrivals }, endedAt) {
  // A dead letter that is tried again, and a replay, carry the key of the first: the last of them counts.
  const quietSince = new Map();
  for (const { id, key, state } of rows)
    if (state === "processed") quietSince.set(key, Math.max(quietSince.get(key) ?? 0, endedAt.get(id) ?? 0));
  return arrivals.filter(({ key, t }) => t > (quietSince.get(key) ?? Infinity)).map(({ key }) => key);
}

function findDisorder({ rows, arrivals, ordered }, endedAt) {
  const keys = new Map(rows.map(({ id, key }) => [id, key]));
  const first = new Map();
  for (const { key, t } of arrivals) if (!first.has(key)) first.set(key, t);
  const before = new Map();
  const found = [];
  for (const one of ordered.toSorted((a, b) => a.sentAt - b.sentAt)) {
    const previous = before.get(one.key);
    const began = first.get(keys.get(one.delivery));
    // Only what was acknowledged before the next was sent has an order at all.
    if (previous !== undefined && previous.ackedAt <= one.sentAt && began !== undefined) {
      const ended = endedAt.get(previous.delivery);
      if (ended === undefined || began < ended)
        found.push(`${one.key}: ${one.delivery} before ${previous.delivery} was done`);
    }
    before.set(one.key, one);
  }
  return found;
}

function findDoubles({ rows }) {
  const seen = new Set();
  const found = [];
  for (const { replay, event, destination } of rows) {
    if (replay === null) continue;
    const place = `${replay} ${event} ${destination}`;
    if (seen.has(place)) found.push(place);
    seen.add(place);
  }
  return found;
}

function findUnaccounted({ changes, account }) {
  const times = new Map();
  for (const change of changes) times.set(change, (times.get(change) ?? 0) + 1);
  for (const entry of account) times.set(entry, (times.get(entry) ?? 0) - 1);
  return [...times].filter(([, left]) => left !== 0).map(([name]) => name);
}
