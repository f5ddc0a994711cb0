import { spawnSync } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";
import type { Log } from "../../platform/log.ts";
import type { ClusterFolder } from "./cluster-folder.ts";
import { isPostmaster } from "./postmaster.ts";
import type { Binaries } from "./server-binaries.ts";
import { binary } from "./server-binaries.ts";

const POLL_MS = 10;

/** Stops the server and waits until its process is gone. What was committed is safe whichever signal it takes. */
export async function stopPostmaster(
  deps: { log: Log },
  server: { pid: number; folder: ClusterFolder; binaries: Binaries },
  fastTimeoutMs: number,
): Promise<void> {
  // Fast shutdown: sessions are cut, open transactions roll back, a checkpoint is written. Then ever less polite.
  const signals = [
    { signal: "SIGINT", withinMs: fastTimeoutMs },
    { signal: "SIGQUIT", withinMs: fastTimeoutMs / 4 },
    { signal: "SIGKILL", withinMs: 5_000 },
  ] as const;
  for (const { signal, withinMs } of signals) {
    if (!isPostmaster(server.pid, server.folder.pgdata)) return;
    if (signal !== "SIGINT") deps.log.warn({ pid: server.pid, signal }, "embedded database did not stop in time");
    send(signal, server);
    if (await isGoneWithin(withinMs, server)) return;
  }
  deps.log.error({ pid: server.pid }, "embedded database could not be stopped");
}

function send(
  signal: "SIGINT" | "SIGQUIT" | "SIGKILL",
  server: { pid: number; folder: ClusterFolder; binaries: Binaries },
): void {
  if (process.platform === "win32") {
    const mode = signal === "SIGINT" ? "fast" : "immediate";
    spawnSync(binary(server.binaries, "pg_ctl"), ["stop", "-W", "-m", mode, "-D", server.folder.pgdata], {
      env: { ...server.binaries.environment },
    });
    return;
  }
  try {
    process.kill(server.pid, signal);
  } catch {
    // It ended by itself in the meantime.
  }
}

async function isGoneWithin(withinMs: number, server: { pid: number; folder: ClusterFolder }): Promise<boolean> {
  const deadlineMs = performance.now() + withinMs;
  while (performance.now() < deadlineMs) {
    if (!isPostmaster(server.pid, server.folder.pgdata)) return true;
    await pause(POLL_MS);
  }
  return false;
}
