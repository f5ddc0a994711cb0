import type { Log } from "../platform/log.ts";
import { messageOf } from "../platform/log.ts";
import type { Metrics } from "../platform/metrics.ts";
import { checkNewSession } from "../store/check-new-session.ts";
import type { Database } from "../store/database.ts";
import { isConnectionLost } from "../store/database.ts";
import type { Durability } from "../store/durability.ts";
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
 * when somebody changes a setting and reloads, and one that is made tomorrow when somebody alters the role. While it is
 * unsafe nothing is accepted.
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
    set(await look(deps.db));
    return false;
  });
  return { current: () => current, stop: () => loop.stop() };
}

async function look(db: Database): Promise<Safety> {
  try {
    return toSafety(await checkNewSession(db.pool));
  } catch (error) {
    // The server answered, and admits nobody new: too many connections, for example. Those that we hold go on.
    if (isConnectionLost(error)) return { ok: false, cause: "unreachable", detail: messageOf(error) };
    return lookThroughPool(db);
  }
}

async function lookThroughPool(db: Database): Promise<Safety> {
  try {
    const client = await db.pool.connect();
    let broken = true;
    try {
      const durability = await checkDurability(client);
      broken = false;
      return toSafety(durability);
    } finally {
      client.release(broken);
    }
  } catch (error) {
    const unsafe = error instanceof Error && error.name === "UnsafeDatabaseError";
    return { ok: false, cause: unsafe ? "unsafe" : "unreachable", detail: messageOf(error) };
  }
}

function toSafety(durability: Durability): Safety {
  if (durability.ok) return { ok: true };
  const sentences = durability.faults.map((fault) => `${fault.setting} is ${fault.value}. ${fault.remedy}`);
  return { ok: false, cause: "unsafe", detail: sentences.join(" ") };
}
