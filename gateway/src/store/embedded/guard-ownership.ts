import { setTimeout as pause } from "node:timers/promises";
import type { Client } from "pg";
import type { Log } from "../../platform/log.ts";
import { messageOf } from "../../platform/log.ts";
import type { Launched } from "./launch-server.ts";
import { claimOwnership } from "./ownership.ts";
import { isPostmaster } from "./postmaster.ts";
import { openSession } from "./superuser-session.ts";

/** Our hold on a running server. */
export interface Guard {
  /** Settles when the server's process is gone, whoever ended it. */
  readonly exited: Promise<void>;
  /** False when another process took the server over while our session was cut; it is theirs to stop then. */
  isOwner(): boolean;
  /** Ends our session; the server may stay. */
  release(): Promise<void>;
}

interface State {
  client: Client;
  ended: Promise<void>;
  isOwner: boolean;
  released: boolean;
}

const RETRY_MS = 50;

/**
 * Keeps the owning session alive: a killed backend makes PostgreSQL cut all sessions while the server itself lives on, and
 * then the lock has to be taken again. When the server is gone, `exited` settles.
 */
export function guardOwnership(
  deps: { log: Log },
  launched: Launched,
  target: { password: string; pgdata: string },
): Guard {
  const state: State = { client: launched.client, ended: launched.ended, isOwner: true, released: false };
  const childExit = launched.child === null ? null : exitOf(launched.child);
  const watched = watch(deps.log, launched, target, state);
  return {
    exited: childExit === null ? watched : Promise.race([childExit, watched]),
    isOwner: () => state.isOwner,
    release: async () => {
      state.released = true;
      // Its own promise may stay open when the server went first; the event does not.
      state.client.end().catch(() => {});
      await state.ended;
    },
  };
}

async function watch(
  log: Log,
  launched: Launched,
  target: { password: string; pgdata: string },
  state: State,
): Promise<void> {
  for (;;) {
    await state.ended;
    for (;;) {
      if (!isPostmaster(launched.pid, target.pgdata)) return;
      // Given up on a server that lives on, because it is another process's now: it has not exited.
      if (state.released) return new Promise(() => {});
      const again = await reclaim(launched, target, log);
      if (again !== null) {
        state.client = again.client;
        state.ended = again.ended;
        state.isOwner = again.isOwner;
        if (state.released) await again.client.end().catch(() => {});
        break;
      }
      await pause(RETRY_MS);
    }
  }
}

async function reclaim(
  launched: Launched,
  target: { password: string; pgdata: string },
  log: Log,
): Promise<Pick<State, "client" | "ended" | "isOwner"> | null> {
  const session = await openSession({ address: launched.address, ...target });
  if (session.kind !== "connected") return null;
  try {
    const claim = await claimOwnership(session.client);
    if (!claim.owned)
      log.error(
        { ownerPid: claim.pid },
        "another process took over the embedded database; it is no longer ours to stop",
      );
    return { client: session.client, ended: session.ended, isOwner: claim.owned };
  } catch (error) {
    log.debug({ error: messageOf(error) }, "embedded database session lost again");
    await session.client.end().catch(() => {});
    return null;
  }
}

function exitOf(child: NonNullable<Launched["child"]>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((done) => child.once("exit", () => done()));
}
