// Mutants that no test can kill, because what they change is seen by nobody. Each with its reason; all others must die.

/** @type {readonly { file: string, from: string, to: string, why: string }[]} */
export const EQUIVALENT = [];
