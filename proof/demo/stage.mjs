// What the demonstration plays on: a gateway of this build on an embedded database in a folder of its own, the services
// that deliveries go to, and a provider's log. Other people's systems are small servers here; everything of ours is real.
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createApi } from "@holdfast/client";

const DIST = new URL("../../gateway/dist/", import.meta.url);
const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** As providers would address the sources, were there any. */
const PUBLIC_URL = "https://in.example.com";

/** @param {string} path of a built file of the gateway */
export const built = (path) => import(fileURLToPath(new URL(path, DIST)));

/**
 * Starts all of it; `close` stops it and removes the folder.
 *
 * @param {{ port: number, adminPort: number }} ports 0 for free ones
 */
export async function openStage({ port, adminPort }) {
  const { startEmbedded } = await built("store/embedded/start-embedded.js");
  const { loadConfig } = await built("config.js");
  const { startGateway } = await built("main.js");
  const dataDir = mkdtempSync(join(tmpdir(), "holdfast-demo-"));
  const database = await startEmbedded({ log: silent, dataDir });
  if (!database.ok) throw new Error(`${database.message} ${database.remedy}`);
  const services = await startServices();
  const loaded = await loadConfig({
    flags: {},
    env: {},
    cwd: dataDir,
    content: {
      dataDir,
      databaseUrl: database.url,
      port,
      adminPort,
      publicUrl: PUBLIC_URL,
      egress: { allowCidrs: ["127.0.0.0/8"] },
    },
  });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults));
  const started = await startGateway(loaded.config, silent);
  if (!started.ok) throw new Error(`${started.message} ${started.remedy}`);
  const { gateway } = started;
  return {
    api: createApi({ url: gateway.adminUrl, token: gateway.adminToken }),
    gateway,
    services,
    databaseUrl: database.url,
    close: async () => {
      await gateway.drain();
      await services.close();
      await database.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** How each service answers, by the first part of its path: a status and about how many milliseconds it takes. */
const MANNERS = {
  billing: [200, 35],
  orders: [200, 90],
  search: [200, 220],
  chat: [204, 18],
  warehouse: [200, 60],
  crm: [200, 45],
};

async function startServices() {
  const manners = new Map(Object.entries(MANNERS));
  const log = [];
  const server = createServer((request, response) => {
    request.resume();
    request.on("end", () => void answer(request, response, manners, log));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    /** From now on this service answers so. */
    behave: (name, status, tookMs) => manners.set(name, [status, tookMs]),
    /** What the provider's own log holds: JSON texts of events. */
    log,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function answer(request, response, manners, log) {
  const name = request.url.split("/")[1] ?? "";
  if (name === "provider-log") {
    response.writeHead(200, { "content-type": "application/json" }).end(`{"data":[${log.join(",")}]}`);
    return;
  }
  const [status, tookMs] = manners.get(name) ?? [404, 1];
  await pause(tookMs * (0.6 + Math.random() * 0.8));
  const words = {
    200: { ok: true },
    422: { error: "unknown field: contact.segment" },
    503: { error: "in maintenance" },
  };
  const body = words[status] === undefined ? "" : JSON.stringify(words[status]);
  response.writeHead(status, { "content-type": "application/json", server: name }).end(body);
}
