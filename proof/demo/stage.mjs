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
 * Starts all of it; `close` stops it and removes the folder. What cannot be started is told, and nothing is left then.
 *
 * @param {{ port: number, adminPort: number }} ports 0 for free ones
 * @returns the stage with `ok: true`, or `{ ok: false, message, remedy }`
 */
export async function openStage(ports) {
  const open = [];
  const close = async () => {
    for (let end = open.pop(); end !== undefined; end = open.pop()) await end();
  };
  try {
    const opened = await startAll(ports, open);
    if (opened.ok) return { ...opened, close };
    await close();
    return opened;
  } catch (error) {
    await close();
    throw error;
  }
}

/** Each thing that is started leaves in `open` how it is ended. */
async function startAll({ port, adminPort }, open) {
  const { startEmbedded } = await built("store/embedded/start-embedded.js");
  const { loadConfig } = await built("config.js");
  const { startGateway } = await built("main.js");
  const dataDir = mkdtempSync(join(tmpdir(), "holdfast-demo-"));
  open.push(() => rmSync(dataDir, { recursive: true, force: true }));
  const database = await startEmbedded({ log: silent, dataDir });
  if (!database.ok) return database;
  open.push(() => database.stop());
  const services = await startServices();
  open.push(() => services.close());
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
  if (!loaded.ok) {
    const { describeFault } = await built("config/config-fault.js");
    const message = loaded.faults.map(describeFault).join("; ");
    return { ok: false, message, remedy: "npm run demo -- --help lists the options." };
  }
  const started = await startGateway(loaded.config, silent);
  if (!started.ok) return started;
  const { gateway } = started;
  open.push(() => gateway.drain());
  const api = createApi({ url: gateway.adminUrl, token: gateway.adminToken });
  return { ok: true, api, gateway, services, databaseUrl: database.url };
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
