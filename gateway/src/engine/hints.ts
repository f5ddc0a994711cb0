import type { Log } from "../platform/log.ts";
import { messageOf } from "../platform/log.ts";
import type { HintChannel } from "../store/hint-channel.ts";
import { openHintChannel } from "../store/hint-channel.ts";
import { startLoop } from "./loop.ts";

/** `ready`: something may be ready, or wait for its destination to have room. */
export type Hint = "ready";

const HINTS: readonly Hint[] = ["ready"];

/** Word between processes that a look may be worth it. It may be lost or late at any time; everybody also looks by itself. */
export interface Hints {
  /** Tells the other processes: at once, and then at most every 250 ms, however often it is called. */
  tell(hint: Hint): void;
  /** Calls back when another process has told. */
  on(hint: Hint, listener: () => void): void;
  stop(): Promise<void>;
}

/** A commit that notifies takes one lock for the whole server; at four a second and process nobody waits for it. */
const TELL_MS = 250;
const RETRY_MS = 1_000;
const PROBE_MS = 15_000;
const PREFIX = "holdfast_";

export interface HintDeps {
  readonly url: string;
  /** This process's id: what it tells is not for itself. */
  readonly id: string;
  /** Whether there is anybody to tell. */
  readonly hasOthers: () => boolean;
  readonly log: Log;
}

/** Keeps one connection for hints, and opens it again when it is lost. */
export function openHints(deps: HintDeps): Hints {
  const listeners = new Map<string, (() => void)[]>(HINTS.map((hint) => [`${PREFIX}${hint}`, []]));
  let channel: HintChannel | null = null;
  let probedMs = 0;
  const onHint = (name: string, from: string): void => {
    if (from !== deps.id) for (const listener of listeners.get(name) ?? []) listener();
  };
  const forget = (error: unknown): void => {
    deps.log.debug({ error: messageOf(error) }, "a hint was lost; the others find out by looking");
  };
  const loop = startLoop({ name: "hints", log: deps.log, idleMs: RETRY_MS }, async () => {
    if (channel === null) {
      const opened = await openHintChannel({
        url: deps.url,
        channels: [...listeners.keys()],
        onHint,
        onLost: () => (channel = null),
      });
      channel = opened;
      probedMs = performance.now();
      // What was told while nobody listened here.
      for (const [name] of listeners) onHint(name, "");
    } else if (performance.now() - probedMs >= PROBE_MS) {
      probedMs = performance.now();
      // A connection that fell silent without an end is ended here.
      await channel.probe().catch(() => channel?.close());
    }
    return false;
  });
  const tellers = new Map(
    HINTS.map((hint) => [
      hint,
      coalesce(() => {
        if (deps.hasOthers()) channel?.send(`${PREFIX}${hint}`, deps.id).catch(forget);
      }),
    ]),
  );
  return {
    tell: (hint) => tellers.get(hint)?.call(),
    on: (hint, listener) => void listeners.get(`${PREFIX}${hint}`)?.push(listener),
    stop: async () => {
      await loop.stop();
      for (const teller of tellers.values()) teller.cancel();
      await channel?.close();
    },
  };
}

/** Acts at the first call, and once more after {@link TELL_MS} for all calls in between. */
function coalesce(act: () => void): { call(): void; cancel(): void } {
  let timer: NodeJS.Timeout | null = null;
  let isCalled = false;
  const open = (): void => {
    timer = null;
    if (!isCalled) return;
    isCalled = false;
    begin();
  };
  const begin = (): void => {
    timer = setTimeout(open, TELL_MS);
    act();
  };
  return {
    call: () => {
      if (timer === null) begin();
      else isCalled = true;
    },
    cancel: () => {
      if (timer !== null) clearTimeout(timer);
      isCalled = false;
    },
  };
}
