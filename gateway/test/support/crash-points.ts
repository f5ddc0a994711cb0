import type { FaultProxy } from "./fault-proxy.ts";

/**
 * A step of the gateway as the database sees it: `BEGIN`, `COMMIT` or a statement's prepared name, on the connections of one
 * pool; `answered` means when the answer to that step comes back. Nothing of it is built into the product: what a process has
 * done when it dies is what it has told the database, and the proxy decides how much of that got through.
 */
export interface CrashPoint {
  /** The pool's name, e.g. `ingest`, `worker`, `settler`. */
  readonly pool: string;
  readonly at: string;
  readonly answered?: boolean;
}

/**
 * Lets everything through until a process is about to take the step, then calls `strike` and swallows the step and all that
 * follows from that pool, until `heal`. Resolves when it has struck.
 */
export function strikeAt(proxy: FaultProxy, point: CrashPoint, strike: () => void): { struck: Promise<void> } {
  const wireName = `holdfast ${point.pool}`;
  let hasStruck = false;
  const struck = new Promise<void>((resolve) => {
    const hit = (): void => {
      hasStruck = true;
      strike();
      resolve();
    };
    if (point.answered === true) {
      proxy.toClient = (bytes, wire) => {
        if (wire.name !== wireName) return bytes;
        if (!hasStruck && bytes.includes(`${point.at}\0`)) hit();
        return hasStruck ? null : bytes;
      };
      return;
    }
    proxy.toServer = (bytes, wire) => {
      if (wire.name !== wireName) return bytes;
      if (hasStruck) return null;
      const at = findStep(bytes, point.at);
      if (at < 0) return bytes;
      hit();
      return bytes.subarray(0, at);
    };
  });
  return { struck };
}

/** Lets everything through again. */
export function heal(proxy: FaultProxy): void {
  proxy.toServer = null;
  proxy.toClient = null;
}

const SIMPLE_QUERY = 0x51;
const PARSE = 0x50;
const BIND = 0x42;

/** Where in these bytes of PostgreSQL's protocol (53.7) the step begins, or -1. */
export function findStep(bytes: Buffer, step: string): number {
  for (let at = 0; at + 5 <= bytes.length;) {
    const length = bytes.readInt32BE(at + 1);
    if (length < 4) return -1;
    const content = bytes.toString("latin1", at + 5, Math.min(bytes.length, at + 1 + length, at + 5 + 80));
    const kind = bytes[at];
    if (kind === SIMPLE_QUERY && content.startsWith(`${step}\0`)) return at;
    if (kind === PARSE && content.startsWith(`${step}\0`)) return at;
    // An unnamed portal, then the statement's name.
    if (kind === BIND && content.startsWith(`\0${step}\0`)) return at;
    at += 1 + length;
  }
  return -1;
}
