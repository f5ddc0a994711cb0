import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { silentLog } from "../../gateway/src/platform/log.ts";
import { startEmbedded } from "../../gateway/src/store/embedded/start-embedded.ts";
import { migrate } from "../../gateway/src/store/migrate.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The run's own server, as the gateway's role and as superuser; its database `holdfast` is the migrated template. */
    holdfastTestDatabase: { url: string; adminUrl: string };
  }
}

const PREFIX = "holdfast-test-";

/** One real server for the whole run, and in it one migrated database that every test file copies. */
export default async function postgres(project: TestProject): Promise<() => Promise<void>> {
  await sweepAbandoned();
  const dataDir = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`));
  // Files run beside each other, and some start four gateways at once: more connections than one machine's gateway needs.
  const server = await startEmbedded({ log: silentLog, dataDir, settings: { max_connections: "300" } });
  if (!server.ok) throw new Error(`${server.message} ${server.remedy}`);
  const stop = async (): Promise<void> => {
    await server.stop();
    for (const folder of [server.home, dataDir]) rmSync(folder, { recursive: true, force: true });
  };
  try {
    await makeTemplate(server.url);
  } catch (error) {
    await stop();
    throw error;
  }
  project.provide("holdfastTestDatabase", { url: server.url, adminUrl: server.adminUrl });
  return stop;
}

async function makeTemplate(url: string): Promise<void> {
  const migrated = await migrate(url);
  if (!migrated.ok) throw new Error(`the test database could not be migrated: ${migrated.message}`);
}

// A run that was killed leaves its server behind: it is a process group of its own. The folder's name tells whose it was.
async function sweepAbandoned(): Promise<void> {
  for (const name of readdirSync(tmpdir())) {
    const pid = Number(/^holdfast-test-(\d+)-/.exec(name)?.[1]);
    if (!Number.isInteger(pid) || isAlive(pid)) continue;
    const dataDir = join(tmpdir(), name);
    if (existsSync(join(dataDir, "postgres", "postmaster.pid"))) {
      const left = await startEmbedded({ log: silentLog, dataDir });
      if (left.ok) await left.stop();
    }
    rmSync(dataDir, { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
