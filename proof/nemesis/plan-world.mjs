// Which faults of the world around the gateway strike when: of the network, the destination, the disk and the clock. Decided by
// the seed before the run begins.
import { seededRandom } from "../../bench/stripe-event.mjs";
import { HOSTILE_ANSWERS } from "./hostile-answers.mjs";
import { WIRE_FAULTS } from "./tcp-proxy.mjs";

/** Every fault of the world by whom it strikes; the upkeep is the operator's, a secret, a migration and a restart in a burst. */
export const WORLD_FAULTS = {
  "database wire": WIRE_FAULTS,
  "destination wire": WIRE_FAULTS,
  destination: Object.keys(HOSTILE_ANSWERS),
  disk: ["full", "power"],
  clock: ["forward", "back"],
  upkeep: ["burst"],
};
const FOR_MIN_MS = 300;
const FOR_SPREAD_MS = 1_700;
const BYTES_MAX = 20_000;
const DELAY_MAX_MS = 400;
const FAULTY_SHARE = 0.85;
/** Within the five minutes by which signed times may be off, here as at the receiver. */
const JUMP_MIN_SEC = 60;
const JUMP_SPREAD_SEC = 180;

/**
 * @typedef {{ target: string, how: string, atProgress: number, delayMs: number, forMs: number, bytes: number, lagMs: number,
 *   jumpSec: number }} WorldFault `bytes` pass before a wire is cut, `lagMs` is how late a slow one is, `forMs` how long it lasts
 */

/**
 * Each fault of the world `rounds` times, in random order.
 *
 * @param {{ seed: number, rounds: number }} run
 * @returns {WorldFault[]}
 */
export function planWorld({ seed, rounds }) {
  const random = seededRandom(seed ^ 0x2545f491);
  const one = Object.entries(WORLD_FAULTS).flatMap(([target, hows]) => hows.map((how) => ({ target, how })));
  const all = Array.from({ length: rounds }, () => one).flat();
  const shuffled = all.map((fault) => ({ fault, at: random() })).toSorted((a, b) => a.at - b.at);
  return shuffled.map(({ fault: { target, how } }, i) => ({
    target,
    how,
    atProgress: ((i + 0.2 + 0.6 * random()) / all.length) * FAULTY_SHARE,
    delayMs: Math.floor(random() * 100),
    forMs: FOR_MIN_MS + Math.floor(random() * FOR_SPREAD_MS),
    bytes: Math.floor(random() * BYTES_MAX),
    lagMs: Math.ceil(random() * DELAY_MAX_MS),
    jumpSec: JUMP_MIN_SEC + Math.floor(random() * JUMP_SPREAD_SEC),
  }));
}
