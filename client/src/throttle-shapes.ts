import type { Priority } from "./configured-shapes.ts";

export type Signal = "commits" | "queue" | "loop" | "memory" | "disk" | "oldest_ready" | "depth";

/** Which signal is over which threshold. */
export interface OverloadCause {
  signal: Signal;
  value: number;
  threshold: number;
}

/** How overloaded the gateway is: as its most overloaded process says. */
export interface Overload {
  /** 0: everything is accepted; 1: low and normal are slowed down; 2 to 4: low, then normal, then high are refused. */
  level: number;
  cause: OverloadCause | null;
  /** Null when no process that takes in has said within 30 s how it stands: none runs, or none reaches the database. */
  since: string | null;
  classes: Record<string, "accepted" | "throttled" | "shed">;
  /** Arrivals refused since the processes began, by class. */
  refused: Record<string, number>;
  processes: {
    process: string;
    level: number;
    cause: OverloadCause | null;
    since: string;
    seenAt: string;
    refused: Record<string, number>;
  }[];
}

/** What an operator has set for everything, one class or one source. */
export interface Throttle {
  /** `all`, `class.<class>` or `source.<source's id>`. */
  id: string;
  scope: "all" | "class" | "source";
  class: Priority | null;
  source: string | null;
  /** `throttle`: a part is answered 429; `refuse`: all is answered 503; `admit`: never refused by the controller. */
  action: "throttle" | "refuse" | "admit";
  /** What part a throttle lets through. */
  admitPercent: number | null;
  reason: string | null;
  setAt: string;
  until: string;
}

export interface Throttles {
  throttles: Throttle[];
  overload: Overload;
}

/** A throttle to set, for exactly one of `all`, `class` and `source`. */
export interface ThrottleInput {
  all?: true;
  class?: Priority;
  /** Id or name. */
  source?: string;
  action?: Throttle["action"];
  /** 0 to 99; with the action `throttle`, which is the default. */
  admitPercent?: number;
  minutes?: number;
  reason?: string;
}

/** Who is slowed down, refused or exempt for a while. */
export interface ThrottleCalls {
  /** Those in force, and how overloaded the gateway is. */
  show(): Promise<Throttles>;
  /** For everything, one class or one source, for an hour unless `minutes` says otherwise. */
  set(input: ThrottleInput): Promise<Throttle>;
  /** By its id: `all`, `class.<class>` or `source.<id or name>`. */
  clear(id: string): Promise<{ cleared: string }>;
}
