// What a release run has done so far: one line of JSON for each round, on disk before the next begins. A run that is killed
// loses the round that was under way, and half a line at most.
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, truncateSync, writeSync } from "node:fs";
import { join } from "node:path";

const ROUNDS = "rounds.ndjson";

/**
 * One round: its report in short, or why it came to none.
 *
 * @typedef {{ seed: number, at: string, tookMs: number, fault: string | null, verdict: "true" | "false" | "unknown",
 *   reasons: string[], faults: Record<string, number>, counts: Record<string, number>, recoveries: Record<string, number[]>,
 *   rules: { id: string | null, name: string, broken: number, examples: string[] }[], notTried: string[],
 *   commit: string | null }} Round
 */

/**
 * @param {string} folder
 * @returns {{ rounds: readonly Round[], add: (round: Round) => void }}
 */
export function openState(folder) {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, ROUNDS);
  const rounds = existsSync(path) ? readRounds(path) : [];
  return {
    rounds,
    add: (round) => {
      rounds.push(round);
      appendDurably(path, `${JSON.stringify(round)}\n`);
      syncFolder(folder);
    },
  };
}

function readRounds(path) {
  const text = readFileSync(path, "utf8");
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  // Half a line is a round that was being written when the run was killed.
  if (whole !== text) truncateSync(path, Buffer.byteLength(whole));
  return whole
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
}

function appendDurably(path, line) {
  const file = openSync(path, "a");
  try {
    writeSync(file, line);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function syncFolder(path) {
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
