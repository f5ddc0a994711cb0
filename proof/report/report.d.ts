// What each run leaves as JSON; docs/proof.md describes it in words.

/** Times until something was well again, in whole milliseconds. */
export interface Times {
  readonly count: number;
  readonly median: number;
  readonly p95: number;
  readonly highest: number;
}

export interface JudgedRule {
  /** The rule's id in docs/proof.md, or null for one that has none. */
  readonly id: string | null;
  readonly name: string;
  /** How many broke it. */
  readonly broken: number;
  /** Up to five of them. */
  readonly examples: readonly string[];
}

export interface Bar {
  readonly name: string;
  readonly value: number | string | null;
  /** null where it could not be measured. */
  readonly met: boolean | null;
}

/** What a proof knows; the rest of the report is filled in. */
export interface Findings {
  readonly proof: string;
  /** One sentence: what was done. */
  readonly about: string;
  /** What to type to repeat it. */
  readonly repeat: string;
  readonly seeds: readonly number[];
  readonly verdict: "true" | "false" | "unknown";
  /** Why it is false or unknown; empty when it is true. */
  readonly reasons: readonly string[];
  /** How often what was injected: "gateway SIGKILL": 20. */
  readonly faults: Readonly<Record<string, number>>;
  readonly counts: Readonly<Record<string, number>>;
  readonly rules: readonly JudgedRule[];
  readonly bars: readonly Bar[];
  /** From the fault to the next acknowledgement, by what was struck. */
  readonly recoveryMs: Readonly<Record<string, Times>>;
  /** Tables of the proof's own: a title, and rows of equal length, the first of them the heads. */
  readonly tables?: readonly { readonly title: string; readonly rows: readonly (readonly (string | number)[])[] }[];
  /** What the machine could not do, and so was not tried. */
  readonly notTried?: readonly string[];
  /** What it ran on, where that is known already. */
  readonly machine?: Readonly<Record<string, unknown>>;
  /** Whatever else is worth keeping; its shape is the proof's own. */
  readonly details?: object;
}

export interface Report extends Findings {
  readonly format: "holdfast-proof-1";
  readonly at: string;
  /** The revision, with a + when the tree held changes; null outside of a repository. */
  readonly commit: string | null;
  readonly machine: Readonly<Record<string, unknown>>;
  /** Arrivals of a key after it had been answered 2xx, as a share of all; null when nothing arrived. */
  readonly duplicateRate: number | null;
  /** 3/N for N acknowledged events without a loss: the rate of loss is below it with 95 % confidence. */
  readonly lossBound95: number | null;
}
