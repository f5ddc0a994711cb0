import { hostname } from "node:os";
import type { Log } from "../platform/log.ts";
import { messageOf } from "../platform/log.ts";
import type { Database } from "../store/database.ts";
import { beat, forgetSilent, listProcesses, removeProcess } from "../store/processes/process-rows.ts";
import { CARETAKERS } from "./leader.ts";
import { startLoop } from "./loop.ts";

/** A process of this gateway, on whichever machine. */
export interface LiveProcess {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  readonly roles: readonly string[];
  readonly version: string;
  readonly startedAt: Date;
  readonly seenAt: Date;
  /** Whether it does the caretakers' work that only one may do. */
  readonly leads: boolean;
}

export interface ProcessWatch {
  /** This process's id. */
  readonly id: string;
  /** Who was alive at the last look, this process included; at most {@link BEAT_MS} old while the database answers. */
  live(): readonly LiveProcess[];
  /** How many of them have a role; at least 1, for whoever shares a limit among them. */
  countOf(role: string): number;
  stop(): Promise<void>;
}

/** The roles without which nothing is taken in, or nothing delivered. */
export const NEEDED_ROLES = ["ingest", "worker"] as const;

const BEAT_MS = 5_000;
/** Three beats and a bit: one that is late twice is still counted. */
const ALIVE_SEC = 17;
const FORGOTTEN_SEC = 600;

/** Says every 5 s that this process lives, and reads who else does. */
export async function watchProcesses(
  deps: { readonly db: Database; readonly log: Log },
  self: { readonly id: string; readonly roles: readonly string[]; readonly version: string },
): Promise<ProcessWatch> {
  const own = [self.id, hostname(), process.pid, self.roles, self.version];
  let live: readonly LiveProcess[] = [];
  const round = async (): Promise<void> => {
    await deps.db.run(beat, own);
    live = await readProcesses(deps.db);
  };
  await round();
  const loop = startLoop({ name: "processes", log: deps.log, idleMs: BEAT_MS }, async () => {
    await round();
    return false;
  });
  return {
    id: self.id,
    live: () => live,
    countOf: (role) => Math.max(1, live.filter(({ roles }) => roles.includes(role)).length),
    stop: async () => {
      await loop.stop();
      await deps.db
        .run(removeProcess, [self.id])
        .catch((error: unknown) => deps.log.debug({ error: messageOf(error) }, "this process's row is left to others"));
    },
  };
}

/** Who is alive now. */
export async function readProcesses(db: Database): Promise<readonly LiveProcess[]> {
  const { rows } = await db.run(listProcesses, [CARETAKERS, ALIVE_SEC]);
  return rows.map(({ started_at, seen_at, ...row }) => ({ ...row, startedAt: started_at, seenAt: seen_at }));
}

/** Takes away the rows of processes that were killed; they are not counted as alive long before. */
export async function forgetProcesses(db: Database): Promise<void> {
  await db.run(forgetSilent, [FORGOTTEN_SEC]);
}
