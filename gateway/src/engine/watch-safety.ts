import type { Log } from "../platform/log.ts";
import { messageOf } from "../platform/log.ts";
import type { Metrics } from "../platform/metrics.ts";
import type { Database } from "../store/database.ts";
import { checkDurability } from "../store/durability.ts";
import type { Loop } from "./loop.ts";
import { startLoop } from "./loop.ts";

/** What the last look at the database found. */
export type Safety =
  | { readonly ok: true }
  | { readonly ok: false; readonly cause: "unreachable" | "unsafe"; readonly detail: string };

export interface SafetyWatch {
  current(): Safety;
  stop(): Promise<void>;
}

const LOOK_MS = 2_000;

/**
 * Looks at the database's settings again and again (promise 7): a connection that was safe when it was made becomes unsafe
 * when somebody changes a setting and reloads. While it is unsafe nothing is accepted.
 */
export function watchSafety(deps: {
  readonly db: Database;
  readonly log: Log;
  readonly metrics: Metrics;
}): SafetyWatch {
  let current: Safety = { ok: true };
  const set = (next: Safety): void => {
    deps.metrics.databaseUp.set(next.ok ? 1 : 0);
    if (next.ok !== current.ok) {
      if (next.ok) deps.log.info({}, "the database is reachable and safe again");
      else
        deps.log.error(
          { cause: next.cause, detail: next.detail },
          "the database cannot keep our promises; nothing is accepted until it can",
        );
    }
    current = next;
  };
  const loop: Loop = startLoop({ name: "safety", log: deps.log, idleMs: LOOK_MS }, async () => {
    try {
      const client = await deps.db.pool.connect();
      let broken = true;
      try {
        const durability = await checkDurability(client);
        broken = false;
        if (durability.ok) set({ ok: true });
        else
          set({
            ok: false,
            cause: "unsafe",
            detail: durability.faults.map((fault) => `${fault.setting} is ${fault.value}. ${fault.remedy}`).join(" "),
          });
      } finally {
        client.release(broken);
      }
    } catch (error) {
      const unsafe = error instanceof Error && error.name === "UnsafeDatabaseError";
      set({ ok: false, cause: unsafe ? "unsafe" : "unreachable", detail: messageOf(error) });
    }
    return false;
  });
  return { current: () => current, stop: () => loop.stop() };
}
