import { afterEach } from "vitest";
import type { Socket } from "node:net";
import type { Clock } from "../../../src/platform/clock.ts";
import type { Egress } from "../../../src/platform/egress/egress-outcome.ts";
import type { HostLookup } from "../../../src/platform/egress/look-up-host.ts";
import { type Destination, startRaw } from "./destination.ts";
import { type OpenEgress, openEgress } from "./open-egress.ts";

interface Closable {
  close(): Promise<void>;
}

const open: Closable[] = [];

/** Has the thing closed after the test that opened it, in reverse order, whatever became of the test. */
export function track<T extends Closable>(thing: T): T {
  open.push(thing);
  return thing;
}

afterEach(async () => {
  for (const thing of open.splice(0).toReversed()) await thing.close();
});

export function egress(given: OpenEgress = {}): Egress {
  return track(openEgress(given));
}

export async function raw(...given: Parameters<typeof startRaw>): Promise<Destination> {
  return track(await startRaw(...given));
}

export type Speak = (socket: Socket) => void;

/** Reads and never says anything. */
export const silent: Speak = (socket) => void socket.resume();

/** Speaks as soon as the first bytes of a request have come. */
export function afterRequest(speak: Speak): Speak {
  return (socket) => void socket.once("data", () => speak(socket));
}

/** A lookup that gives the same addresses for every name. */
export function addresses(...found: string[]): HostLookup {
  return async () => ({ ok: true, addresses: found });
}

/** A clock whose monotonic time stands still until it is told to pass. */
export function manualClock(): Clock & { pass(ms: number): void } {
  let ms = 0;
  return {
    now: () => new Date(),
    monotonicMs: () => ms,
    pass: (more) => void (ms += more),
  };
}
