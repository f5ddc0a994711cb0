import type { FaultProxy, Wire } from "./fault-proxy.ts";

/**
 * A step of the gateway as the database sees it: `BEGIN`, `COMMIT`, a statement's prepared name, or the first words of one that
 * has none, on the connections of one pool; `answered` means when the answer to that step comes back. Nothing of it is built into the product: what a process has
 * done when it dies is what it has told the database, and the proxy decides how much of that got through.
 */
export interface CrashPoint {
  /** The pool's name, e.g. `ingest`, `worker`, `settler`. */
  readonly pool: string;
  readonly at: string;
  readonly answered?: boolean;
  /** At which time that the step is taken, 1 by default. */
  readonly hit?: number;
}

/**
 * Lets everything through until a process is about to take the step, then calls `strike` and swallows the step and all that
 * follows from that pool, until `heal`. Resolves when it has struck.
 */
export function strikeAt(proxy: FaultProxy, point: CrashPoint, strike: () => void): { struck: Promise<void> } {
  const wireName = `holdfast ${point.pool}`;
  let hits = 0;
  let hasStruck = false;
  const struck = new Promise<void>((resolve) => {
    const isHit = (): boolean => {
      if (++hits < (point.hit ?? 1)) return false;
      hasStruck = true;
      strike();
      resolve();
      return true;
    };
    if (point.answered === true) {
      proxy.toClient = (bytes, wire) => {
        if (wire.name !== wireName) return bytes;
        if (!hasStruck && bytes.includes(`${point.at}\0`)) isHit();
        return hasStruck ? null : bytes;
      };
      return;
    }
    proxy.toServer = (bytes, wire) => {
      if (wire.name !== wireName) return bytes;
      if (hasStruck) return null;
      const at = findStep(bytes, point.at);
      return at < 0 || !isHit() ? bytes : bytes.subarray(0, at);
    };
  });
  return { struck };
}

/**
 * Makes the step throw: the server is asked for something that it does not have, and answers an error where the statement's
 * rows were expected. The connection lives, and everything else passes.
 */
export function throwAt(proxy: FaultProxy, point: CrashPoint): { thrown: () => number } {
  let hits = 0;
  let thrown = 0;
  proxy.toServer = (bytes, wire) => {
    const at = wire.name === `holdfast ${point.pool}` ? findStep(bytes, point.at, true) : -1;
    if (at < 0 || ++hits !== (point.hit ?? 1)) return bytes;
    thrown++;
    return misspell(bytes, at, point.at);
  };
  return { thrown: () => thrown };
}

/** Holds the step back, and all that follows on its connection, until it is let go. */
export function delayAt(
  proxy: FaultProxy,
  point: CrashPoint,
): { held: Promise<void>; hasHeld: () => boolean; release: () => void } {
  let hits = 0;
  let slow: Wire | null = null;
  const waiting: Buffer[] = [];
  let begun: () => void = () => {};
  const held = new Promise<void>((resolve) => (begun = resolve));
  proxy.toServer = (bytes, wire) => {
    if (wire === slow) return (waiting.push(bytes), null);
    const at = slow === null && wire.name === `holdfast ${point.pool}` ? findStep(bytes, point.at) : -1;
    if (at < 0 || ++hits !== (point.hit ?? 1)) return bytes;
    slow = wire;
    wire.isLate = true;
    waiting.push(bytes.subarray(at));
    begun();
    return bytes.subarray(0, at);
  };
  const release = (): void => {
    heal(proxy);
    slow?.arrive(waiting.splice(0));
  };
  return { held, hasHeld: () => slow !== null, release };
}

// The last letter of the statement's name, or of BEGIN and COMMIT, becomes another: nothing is called that.
function misspell(bytes: Buffer, at: number, step: string): Buffer {
  const changed = Buffer.from(bytes);
  changed[changed.indexOf(`${step}\0`, at) + step.length - 1] = 0x7a;
  return changed;
}

/** How a statement without a name is known: by the beginning of its text. */
export const firstWords = ({ text }: { readonly text: string }): string => text.slice(0, 60);

/** Lets everything through again. */
export function heal(proxy: FaultProxy): void {
  proxy.toServer = null;
  proxy.toClient = null;
}

const SIMPLE_QUERY = 0x51;
const PARSE = 0x50;
const BIND = 0x42;

/** Where in these bytes of PostgreSQL's protocol (53.7) the step begins, or -1. `isRun`: where it is run, not where it is made known. */
export function findStep(bytes: Buffer, step: string, isRun = false): number {
  for (let at = 0; at + 5 <= bytes.length;) {
    const length = bytes.readInt32BE(at + 1);
    if (length < 4) return -1;
    const content = bytes.toString("latin1", at + 5, Math.min(bytes.length, at + 1 + length, at + 5 + 80));
    const kind = bytes[at];
    if (kind === SIMPLE_QUERY && content.startsWith(`${step}\0`)) return at;
    if (!isRun && kind === PARSE && content.startsWith(`${step}\0`)) return at;
    // A statement off the path of events has no name, only its text.
    if (kind === PARSE && content.startsWith(`\0${step}`)) return at;
    // An unnamed portal, then the statement's name.
    if (kind === BIND && content.startsWith(`\0${step}\0`)) return at;
    at += 1 + length;
  }
  return -1;
}
