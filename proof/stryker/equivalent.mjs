// Mutants that no test can kill, because what they change is seen by nobody. Each with its reason; all others must die.

import { PROOFS } from "./equivalent-proofs.mjs";
import { WAYS } from "./equivalent-ways.mjs";

/** @typedef {{ file: string, from: string, to: string, why: string }} Equivalent `file`: how the path ends */

/** @type {readonly Equivalent[]} */
export const EQUIVALENT = [
  {
    file: "/token-bucket.ts",
    from: "tokens >= 1 - 1e-9",
    to: "tokens > 1 - 1e-9",
    why: "sums of fractions meet that bound by chance alone",
  },
  {
    file: "/breaker.ts",
    from: "roundFailed >= BREAKER_FAILED_SHARE * size",
    to: "roundFailed > BREAKER_FAILED_SHARE * size",
    why: "a round has 2, 4, 8 … attempts, and 0.7 of none of them is whole",
  },
  {
    file: "/id.ts",
    from: "i < uuid.length",
    to: "i <= uuid.length",
    why: "four bits behind the last digit fill no further one of five",
  },
  { file: "/id.ts", from: "code < 58", to: "code <= 58", why: "58 is a colon, which stands in no UUID" },
  { file: "/outcome.ts", from: "status < 200", to: "status <= 200", why: "200 has been classified before" },
  {
    file: "/delivery.ts",
    from: 'outcome.kind === "answered"',
    to: "true",
    why: "an outcome without an answer has no retryAfterMs, and undefined is read as null",
  },
  {
    file: "/body-field.ts",
    from: "at < 0",
    to: "at <= 0",
    why: "a sign at the start leaves an empty place, which is none",
  },
  { file: "/body-field.ts", from: "given.length > 1", to: "true", why: "the pattern needs two quotes" },
  { file: "/body-field.ts", from: "given.length > 1", to: "given.length >= 1", why: "the pattern needs two quotes" },
  {
    file: "/body-field.ts",
    from: "/[^A-Za-z0-9_.:@ -]+/",
    to: "/[^A-Za-z0-9_.:@ -]/",
    why: "what it splits more finely is empty, and the longest is asked for",
  },
  {
    file: "/body-field.ts",
    from: "slice === null",
    to: "false",
    why: "what follows throws on null, and the catch says the same",
  },
  {
    file: "/body-field.ts",
    from: "slice.startsWith('\"')",
    to: "slice.endsWith('\"')",
    why: "a JSON value that ends with a quote begins with one",
  },
  {
    file: "/replay-scope.ts",
    from: '""',
    to: '"Stryker was here!"',
    why: "split gives one part at least; the default is for the compiler",
  },
  {
    file: "/replay-scope.ts",
    from: '""',
    to: '"Stryker was here!"',
    why: "split gives one part at least; the default is for the compiler",
  },
  { file: "/secret-life.ts", from: 'state === "retiring"', to: "true", why: "only a retiring version has an end" },
  {
    file: "/fair-queue.ts",
    from: "tag <= own.v",
    to: "false",
    why: "a lane that the service has passed begins where the service stands, remembered or not",
  },
  {
    file: "/fair-queue.ts",
    from: "tag <= own.v",
    to: "tag < own.v",
    why: "a lane that the service has reached begins there, remembered or not",
  },
  { file: "/fair-queue.ts", from: "rank > own.v", to: "rank >= own.v", why: "sets what it is already" },
  {
    file: "/fair-queue.ts",
    from: "own.lanes.size >= lanesMax",
    to: "true",
    why: "forgets earlier what would begin anew anyway",
  },
  {
    file: "/fair-queue.ts",
    from: "own.lanes.size >= lanesMax",
    to: "own.lanes.size > lanesMax",
    why: "one lane more is remembered; the bound is there for memory",
  },
  {
    file: "/fair-queue.ts",
    from: "lane.tag <= own.v",
    to: "lane.tag < own.v",
    why: "a lane that the service has reached begins there, remembered or not",
  },
  {
    file: "/fair-queue.ts",
    from: "own.lanes.size <= lanesMax * 0.9",
    to: "own.lanes.size < lanesMax * 0.9",
    why: "one lane more is forgotten; the bound is there for memory",
  },
  {
    file: "/fair-queue.ts",
    from: "lanesMax * 0.9",
    to: "lanesMax / 0.9",
    why: "a tenth more lanes are remembered; the bound is there for memory",
  },
  {
    file: "/fair-queue.ts",
    from: "tag <= own.v",
    to: "false",
    why: "a lane that the service has passed begins where the service stands, remembered or not",
  },
  {
    file: "/fair-queue.ts",
    from: "tag <= own.v",
    to: "tag < own.v",
    why: "a lane that the service has reached begins there, remembered or not",
  },
  {
    file: "/fair-queue.ts",
    from: "tag - own.v >= FAR_AHEAD",
    to: "tag - own.v > FAR_AHEAD",
    why: "tells of a lane one delivery later; from when on it is worth telling is a matter of taste",
  },
  ...[...WAYS, ...PROOFS].flatMap(({ file, why, changes }) => changes.map(([from, to]) => ({ file, from, to, why }))),
];
