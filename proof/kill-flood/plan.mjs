// What a run does, decided before it begins and by the seed alone: what is sent in which order, and when what is killed.
import { seededRandom } from "../../bench/stripe-event.mjs";

/** How far behind its first sending a duplicate comes at most, in sends; small, so that some meet their original under way. */
const DUPLICATE_DISTANCE_MAX = 300;
const DUPLICATE_SHARE = 0.1;
const FORGED_SHARE = 0.01;
/** Events that are sent once and never again, whatever the answer: only these can stay unknown. */
const ONE_SHOT_SHARE = 0.02;
const DURING_START_SHARE = 0.2;
const FAULT_DELAY_MAX_MS = 120;
const DURING_START_MAX_MS = 700;
/** Faults happen while this share of the work is done; the rest runs in peace, so that memory can be judged. */
const FAULTY_SHARE = 0.85;

/**
 * The sends in order. A number below `events` is an event of that number; its second mention is a duplicate.
 *
 * @param {{ seed: number, events: number }} run
 * @returns {{ event: number, forged: boolean, oneShot: boolean }[]}
 */
export function planSends({ seed, events }) {
  const random = seededRandom(seed);
  const late = new Map();
  const sends = [];
  for (let event = 0; event < events; event++) {
    sends.push({ event, forged: false, oneShot: random() < ONE_SHOT_SHARE });
    if (random() < DUPLICATE_SHARE) {
      const at = event + Math.floor(random() * DUPLICATE_DISTANCE_MAX);
      late.set(at, [...(late.get(at) ?? []), event]);
    }
    if (random() < FORGED_SHARE) sends.push({ event: events + event, forged: true, oneShot: true });
    for (const again of late.get(event) ?? []) sends.push({ event: again, forged: false, oneShot: false });
    late.delete(event);
  }
  for (const again of [...late.values()].flat()) sends.push({ event: again, forged: false, oneShot: false });
  return sends;
}

/** What may strike whom when the faults are mixed; a freeze (SIGSTOP) is ended by SIGCONT. */
const MIXED = { gateway: ["SIGKILL", "SIGTERM", "SIGSTOP"], database: ["SIGKILL", "SIGQUIT", "backend"] };

/**
 * The faults in order. `atProgress` is the share of the work (acknowledged and delivered) after which one is armed, and
 * `delayMs` a random moment more. A gateway fault with `againMs` kills its successor that long after its start as well.
 *
 * @param {{ seed: number, kills: number, databaseKills: number, isMixed?: boolean }} run
 * @returns {{ target: "gateway" | "database", atProgress: number, delayMs: number, againMs: number | null,
 *   how: "SIGKILL" | "SIGTERM" | "SIGSTOP" | "SIGQUIT" | "backend" }[]}
 */
export function planFaults({ seed, kills, databaseKills, isMixed = false }) {
  // By turns, from a random one on, so that each kind comes up as often as the others.
  let turn = Math.floor(seededRandom(seed ^ 0x51ed270b)() * 3);
  const random = seededRandom(seed ^ 0x9e3779b9);
  const second = Math.floor(kills * DURING_START_SHARE);
  const targets = [
    ...Array.from({ length: kills - second }, (_, i) => ({ target: "gateway", isDouble: i < second })),
    ...Array.from({ length: databaseKills }, () => ({ target: "database", isDouble: false })),
  ];
  return shuffle(targets, random).map(({ target, isDouble }, i) => ({
    target,
    atProgress: ((i + 0.2 + 0.6 * random()) / targets.length) * FAULTY_SHARE,
    delayMs: Math.floor(random() * FAULT_DELAY_MAX_MS),
    againMs: isDouble ? Math.floor(random() * DURING_START_MAX_MS) : null,
    how: isMixed ? MIXED[target][turn++ % 3] : "SIGKILL",
  }));
}

function shuffle(list, random) {
  const shuffled = [...list];
  for (let i = shuffled.length - 1; i > 0; i--) {
    const other = Math.floor(random() * (i + 1));
    [shuffled[i], shuffled[other]] = [shuffled[other], shuffled[i]];
  }
  return shuffled;
}
