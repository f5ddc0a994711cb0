// What is on disk once the gateway has stopped: the database is started once more, by itself, and read whole.
import { fileURLToPath } from "node:url";
import { Client } from "pg";

const DIST = new URL("../../gateway/dist/", import.meta.url);

/**
 * @param {string} dataDir
 * @returns {Promise<import("./logs.d.ts").StoreDump>}
 */
export async function readStore(dataDir) {
  const { startEmbedded } = await import(fileURLToPath(new URL("store/embedded/start-embedded.js", DIST)));
  const { toPublicId } = await import(fileURLToPath(new URL("domain/id.js", DIST)));
  const silent = { debug() {}, info() {}, warn() {}, error() {} };
  const server = await startEmbedded({ log: silent, dataDir });
  if (!server.ok) throw new Error(`The database does not start after the stop. ${server.message} ${server.remedy}`);
  const client = new Client({ connectionString: server.url });
  try {
    await client.connect();
    return await readTables(client, toPublicId);
  } finally {
    await client.end();
    await server.stop();
  }
}

/**
 * How many deliveries are neither processed nor dead, read while the gateway serves.
 *
 * @param {{ adminUrl: string, adminToken: string }} ready the gateway's ready line
 * @returns {Promise<{ open: number | null, state: string }>} null when it does not say, with the reason
 */
export async function readOpen({ adminUrl, adminToken }) {
  const url = new URL("/api/v1/deliveries", adminUrl);
  try {
    let open = 0;
    const states = [];
    for (const state of ["ready", "scheduled", "held", "leased"]) {
      url.search = `?state=${state}&limit=200`;
      const answer = await fetch(url, { headers: { authorization: `Bearer ${adminToken}` } });
      if (!answer.ok)
        return { open: null, state: `the API answers ${answer.status}: ${(await answer.text()).slice(0, 300)}` };
      const { items } = await answer.json();
      open += items.length;
      if (items.length > 0) states.push(`${items.length}${items.length === 200 ? "+" : ""} ${state}`);
    }
    return { open, state: states.join(", ") };
  } catch (error) {
    return { open: null, state: `the API does not answer: ${error.message}` };
  }
}

async function readTables(client, toPublicId) {
  const rows = async (text) => (await client.query(text)).rows;
  const events = await rows(`select id, provider_event_id as event, encode(body_sha256, 'hex') as sha256,
    encode(sha256(body), 'hex') as "bytesSha256" from holdfast.event`);
  const open = await rows(`select id, event_id as "eventId", key, state from holdfast.delivery`);
  const finished = await rows(
    `select id, event_id as "eventId", key, state, attempt, reason from holdfast.finished_delivery`,
  );
  const attempts = await rows(
    `select delivery_id as "deliveryId", number, next_state as "nextState" from holdfast.attempt`,
  );
  const duplicates = await rows(`select event_id as "eventId", count from holdfast.duplicate`);
  const evt = (id) => toPublicId("evt", id);
  const dlv = (id) => toPublicId("dlv", id);
  const delivery = (row) => ({ ...row, id: dlv(row.id), eventId: evt(row.eventId), key: dlv(row.key) });
  return {
    events: events.map((row) => ({ ...row, id: evt(row.id) })),
    open: open.map(delivery),
    finished: finished.map(delivery),
    attempts: attempts.map((row) => ({ ...row, deliveryId: dlv(row.deliveryId) })),
    duplicates: duplicates.map((row) => ({ ...row, eventId: evt(row.eventId) })),
  };
}
