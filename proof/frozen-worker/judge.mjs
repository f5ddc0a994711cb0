// Holds what the frozen worker's run left in the database and at the receiver against the rules of the moves.
import { checkMoves } from "../checker/check-moves.mjs";
import { readMoves } from "../checker/moves-log.mjs";
import { countFaults, giveReasons, makeReport, verdictOf } from "../report/make-report.mjs";
import { identifyRules } from "../report/rules.mjs";

const DIST = new URL("../../gateway/dist/", import.meta.url);
/** Expired leases are looked for every few seconds, on a busy machine later. */
const SWEEP_MAX_MS = 60_000;

/**
 * @param {{ events: number, seed: number, mutant?: string }} options
 * @param {{ query: (text: string) => Promise<any[]>, receiver: { arrivals: readonly object[] }, acked: readonly string[],
 *   lateRefused: number, nemesis: readonly object[] }} scene
 * @param {number} leaseMs
 */
export async function judgeFrozenWorker(
  { events, seed, mutant },
  { query, receiver, acked, lateRefused, nemesis },
  leaseMs,
) {
  const { toPublicId } = await import(new URL("domain/id.js", DIST).href);
  const { LEGAL_MOVES } = await import(new URL("domain/delivery.js", DIST).href);
  const name = (id) => toPublicId("dlv", id);
  const moves = await readMoves(query, name);
  const rows = await query(`
    SELECT f.id, f.key, f.tenant, f.event_id AS event, f.state, f.attempt AS claims,
           (SELECT count(*)::int FROM holdfast.attempt a WHERE a.delivery_id = f.id) AS attempts FROM holdfast.finished_delivery f`);
  const history = {
    moves,
    rows: rows.map((row) => ({ ...row, id: name(row.id), key: name(row.key), destination: "app", replay: null })),
    arrivals: receiver.arrivals.map(({ key, t }) => ({ key, tenant: rows[0]?.tenant, destination: "app", t })),
    ordered: [],
    changes: [],
    account: [],
  };
  const legal = LEGAL_MOVES.map(({ from, to }) => [from, to]);
  const minimum = { moves: events * 5, edges: 4, arrivals: events * 2 };
  const verdict = checkMoves(history, { legal, leaseMaxMs: leaseMs + SWEEP_MAX_MS }, minimum);
  const lost = acked.length - rows.filter(({ state }) => state === "processed").length;
  const all = [
    ...verdict.rules,
    { name: "acked and lost", broken: Math.max(0, lost), examples: lost > 0 ? [`${lost}`] : [] },
  ];
  const rules = identifyRules(all);
  const unseen = [
    ...verdict.unseen,
    ...(lateRefused >= events ? [] : [`lateRefused: ${lateRefused} of at least ${events}`]),
  ];
  const isBroken = rules.some(({ broken }) => broken > 0);
  return makeReport({
    proof: "frozen-worker",
    about: `A worker with ${events} requests under way stands still beyond its lease, another takes them over, and the first goes on${mutant === undefined ? "" : `; of a build with mutant ${mutant}`}.`,
    repeat: `npm run proof -- frozen-worker --events ${events} --seed ${seed}${mutant === undefined ? "" : ` --mutant ${mutant}`}`,
    seeds: [seed],
    verdict: isBroken ? verdictOf.broken : unseen.length > 0 ? verdictOf.unknown : verdictOf.holds,
    reasons: giveReasons(rules, isBroken ? [] : unseen),
    faults: countFaults(nemesis),
    counts: {
      acked: acked.length,
      arrivals: receiver.arrivals.length,
      redeliveries: countAgain(receiver.arrivals),
      moves: moves.length,
      takenOver: receiver.arrivals.filter(({ attempt }) => attempt === 2).length,
      lateRefused,
      processed: rows.filter(({ state }) => state === "processed").length,
    },
    rules,
    bars: [],
    recoveryMs: {},
    details: { mutant: mutant ?? null, leaseMs },
  });
}

// Arrivals of a key that the receiver had answered 2xx before.
function countAgain(arrivals) {
  const answered = new Set();
  let again = 0;
  for (const { key, status } of arrivals) {
    if (answered.has(key)) again++;
    if (status >= 200 && status < 300) answered.add(key);
  }
  return again;
}
