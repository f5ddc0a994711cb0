import { afterAll, beforeAll, expect, it } from "vitest";
import { query, serverOfThisFile } from "../support/embedded.ts";
import type { IngestGateway } from "../support/ingest-gateway.ts";
import { faultOf, post, startIngestGateway, stripeEvent, until } from "../support/ingest-gateway.ts";

// A server of its own: these tests make it unsafe for everybody on it.
const server = serverOfThisFile();
let gateway: IngestGateway;
let count = 0;

beforeAll(async () => {
  const { url, adminUrl } = server();
  gateway = await startIngestGateway({ database: { url, adminUrl, drop: async () => {} } });
});
afterAll(() => gateway.close());

const ready = async (): Promise<{ status: number; text: string }> => {
  const response = await fetch(`${gateway.adminUrl}/readyz`);
  return { status: response.status, text: await response.text() };
};
// Able to undo what makes everybody else's transactions read-only.
const asAdmin = (text: string): Promise<unknown> =>
  query(`${server().adminUrl}&options=-c%20default_transaction_read_only%3Doff`, text);

it.each([
  [
    "synchronous_commit",
    "alter database holdfast set synchronous_commit = off",
    "alter database holdfast reset synchronous_commit",
  ],
  [
    "default_transaction_read_only",
    "alter database holdfast set default_transaction_read_only = on",
    "alter database holdfast reset default_transaction_read_only",
  ],
  ["fsync", "alter system set fsync = off", "alter system reset fsync"],
])(
  "%s switched while it runs (%s): nothing is accepted until it is switched back, and /readyz says why (F18)",
  async (setting, change, undo) => {
    expect((await ready()).status).toBe(200);
    await asAdmin(change);
    await asAdmin("select pg_reload_conf()");
    await until(async () => (await ready()).status === 503);
    expect((await ready()).text).toContain(setting);
    const answer = await post(gateway.url, stripeEvent(`evt_unsafe_${++count}`));
    expect([answer.status, faultOf(answer)]).toEqual([503, "database_unavailable"]);
    expect(
      await gateway.query("select 1 from holdfast.event where provider_event_id = $1", [`evt_unsafe_${count}`]),
    ).toEqual([]);
    await asAdmin(undo);
    await asAdmin("select pg_reload_conf()");
    await until(async () => (await ready()).status === 200);
    expect((await post(gateway.url, stripeEvent(`evt_safe_${count}`))).status).toBe(200);
  },
);
