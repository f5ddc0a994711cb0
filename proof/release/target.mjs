// What a release run has to reach, and what one round of it does: decided by its seed alone.

/** @typedef {{ acks: number, kills: number, databaseCrashes: number, powerCuts: number, seeds: number }} Target */

/** @type {Target} */
export const RELEASE = { acks: 1_000_000, kills: 500, databaseCrashes: 100, powerCuts: 30, seeds: 200 };
/** A little more than a target's share: some events of a round are sent once and never acknowledged. */
const MARGIN = 1.03;
const EVENTS_MIN = 50;

/**
 * The round of a seed. Odd ones kill with SIGKILL only, even ones mix the faults; every sixth lets the disk, the network, the
 * clock and the destination fail as well, power cuts among them.
 *
 * @param {number} seed
 * @param {Target} target
 * @returns {{ seed: number, events: number, kills: number, databaseKills: number, isMixed: boolean, worldRounds: number }}
 */
export function planRound(seed, target) {
  const share = (of) => Math.ceil(of / target.seeds);
  const isMixed = seed % 2 === 0;
  const kills = share(target.kills);
  return {
    seed,
    events: Math.max(EVENTS_MIN, Math.ceil((target.acks / target.seeds) * MARGIN)),
    // Which of the mixed faults are kills, the seed decides; the rounds of kills alone are enough without them.
    kills: isMixed ? kills : kills * 2,
    databaseKills: Math.max(1, share(target.databaseCrashes)),
    isMixed,
    worldRounds: target.powerCuts > 0 && seed % 6 === 0 ? Math.ceil((target.powerCuts * 6) / target.seeds) : 0,
  };
}

/**
 * How far it is, by what counts.
 *
 * @param {Record<string, number>} counts of the sum of rounds
 * @param {Target} target
 * @param {boolean} canCutPower
 * @returns {{ name: string, reached: number, of: number }[]}
 */
export function measureProgress(counts, target, canCutPower) {
  const rows = [
    ["acknowledged events", counts.acked, target.acks],
    ["kills of the gateway", counts.kills, target.kills],
    ["crashes of the database", counts.databaseCrashes, target.databaseCrashes],
    ...(canCutPower ? [["power cuts", counts.powerCuts, target.powerCuts]] : []),
    ["seeds", counts.rounds, target.seeds],
  ];
  return rows.filter(([, , of]) => of > 0).map(([name, reached = 0, of]) => ({ name, reached, of }));
}
