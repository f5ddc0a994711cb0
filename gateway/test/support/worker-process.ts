import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import type { GatewayConfig } from "../../src/config.ts";
import type { DeliveryGatewayOptions, Desk } from "./delivery-gateway.ts";
import { deliveryConfig } from "./delivery-gateway.ts";

/** A worker in a process of its own, so that it can be killed and stopped. */
export interface WorkerProcess {
  readonly pid: number;
  /** Empty without the role `ingest`. */
  readonly ingestUrl: string;
  readonly process: ChildProcess;
  /** Every line that it logged. */
  readonly logged: Record<string, unknown>[];
  signal(signal: NodeJS.Signals): void;
  /** Its exit code and what ended it. */
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/** One that may not deliver yet, or never. */
export type SpawnedWorker = Omit<WorkerProcess, "ingestUrl"> & {
  /** Its address once it delivers; rejects when it ends before. */
  readonly ready: Promise<string>;
};

const SCRIPT = fileURLToPath(new URL("../delivery/worker-process.mjs", import.meta.url));

export interface ProcessOptions extends DeliveryGatewayOptions {
  readonly roles?: GatewayConfig["roles"];
}

/** Starts one on the desk's database, or on an embedded one of its data folder, and waits until it delivers. It is killed after the test, if it still runs. */
export async function startWorkerProcess(
  desk: Pick<Desk, "database"> | null,
  options: ProcessOptions = {},
): Promise<WorkerProcess> {
  const { ready, ...spawned } = await spawnWorkerProcess(desk, options);
  return { ...spawned, ingestUrl: await ready };
}

/** The same without waiting, for a test that kills it while it may still be starting. */
export async function spawnWorkerProcess(
  desk: Pick<Desk, "database"> | null,
  options: ProcessOptions = {},
): Promise<SpawnedWorker> {
  const { roles = ["worker"] } = options;
  const config: GatewayConfig = { ...(await deliveryConfig(desk, options)), roles };
  const child = spawn(process.execPath, [SCRIPT, JSON.stringify(config)], { stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(child, "exit").then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
  }));
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  const logged: Record<string, unknown>[] = [];
  createInterface({ input: child.stderr }).on("line", (line) => {
    try {
      logged.push(JSON.parse(line) as Record<string, unknown>);
    } catch {
      logged.push({ text: line });
    }
  });
  const ready = new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (line.startsWith("ready ")) resolve(line.slice("ready ".length));
    });
    void ended.then(() => reject(new Error(`the worker ended: ${JSON.stringify(logged)}`)));
  });
  ready.catch(() => {});
  return { pid: child.pid!, ready, process: child, logged, signal: (signal) => void child.kill(signal), ended };
}
