import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Stored } from "../support/count-stored.ts";
import { countStored, countStrayLines, STORED_NOT, STORED_ONCE } from "../support/count-stored.ts";
import type { FaultProxy, Wire } from "../support/fault-proxy.ts";
import { replaceBytes, simpleQuery, startFaultProxy } from "../support/fault-proxy.ts";
import type { IngestGateway } from "../support/ingest-gateway.ts";
import { PAYMENTS, faultOf, post, startIngestGateway, stripeEvent } from "../support/ingest-gateway.ts";

let gateway: IngestGateway;
let proxy: FaultProxy;

beforeAll(async () => {
  gateway = await startIngestGateway({
    content: {
      ...PAYMENTS,
      // More than a busy machine stands still: most of these tests want an answer, and only some of them the refusal.
      ingest: { recordDeadlineMs: 5_000, databaseConnections: 1 },
    },
    reach: async (url) => {
      proxy = await startFaultProxy(url);
      return proxy.url;
    },
  });
});
afterAll(async () => {
  await gateway.close();
  await proxy.close();
});
afterEach(() => {
  proxy.toClient = null;
  proxy.toServer = null;
});

const isIngest = (wire: Wire): boolean => wire.name === "holdfast ingest";

const stored = (id: string): Promise<Stored> => countStored(gateway, id);

describe("when the answer to COMMIT is lost", () => {
  it("every time, the sender gets no 2xx, and its repeat ends in one event and one delivery (F23)", async () => {
    let commits = 0;
    proxy.toClient = (bytes, wire) => {
      if (!isIngest(wire) || !bytes.includes("COMMIT\0")) return bytes;
      commits++;
      wire.cutClient();
      return null;
    };
    const answer = await post(gateway.url, stripeEvent("evt_cut"));
    expect([answer.status, faultOf(answer)]).toEqual([503, "database_unavailable"]);
    expect(Number(answer.headers["retry-after"])).toBeGreaterThan(0);
    expect(commits).toBeGreaterThan(1);
    expect(await stored("evt_cut")).toEqual(STORED_ONCE);
    proxy.toClient = null;
    const repeat = await post(gateway.url, stripeEvent("evt_cut"));
    expect([repeat.status, repeat.headers["holdfast-duplicate"]]).toEqual([200, "true"]);
    expect(await stored("evt_cut")).toEqual(STORED_ONCE);
  });

  it("once, the gateway repeats it itself and answers when the repeat is committed", async () => {
    let cuts = 0;
    proxy.toClient = (bytes, wire) => {
      if (!isIngest(wire) || cuts > 0 || !bytes.includes("COMMIT\0")) return bytes;
      cuts++;
      wire.cutClient();
      return null;
    };
    const answer = await post(gateway.url, stripeEvent("evt_cut_once"));
    expect([answer.status, answer.headers["holdfast-duplicate"], cuts]).toEqual([200, undefined, 1]);
    expect(await stored("evt_cut_once")).toEqual(STORED_ONCE);
  });

  it("and the delivery is finished before the repeat, it is not queued again", async () => {
    let cuts = 0;
    proxy.toClient = (bytes, wire) => {
      if (!isIngest(wire) || cuts > 0 || !bytes.includes("COMMIT\0")) return bytes;
      cuts++;
      // A worker was quicker than the repeat: what it finished has left the table.
      void gateway.query("delete from holdfast.delivery").then(wire.cutClient);
      return null;
    };
    expect((await post(gateway.url, stripeEvent("evt_finished"))).status).toBe(200);
    expect(cuts).toBe(1);
    expect(await stored("evt_finished")).toEqual({ ...STORED_ONCE, deliveries: 0 });
  });
});

describe("when COMMIT is answered ROLLBACK", () => {
  it("nothing is acknowledged and nothing is stored; afterwards it is recorded (F06)", async () => {
    proxy.toServer = (bytes) => replaceBytes(bytes, simpleQuery("COMMIT"), simpleQuery("ROLLBACK"));
    const answer = await post(gateway.url, stripeEvent("evt_rolled_back"));
    expect([answer.status, faultOf(answer)]).toEqual([503, "database_unavailable"]);
    expect(await stored("evt_rolled_back")).toEqual(STORED_NOT);
    proxy.toServer = null;
    // Recorded by this one, or by the gateway's own last try, which nobody was promised anything about.
    expect((await post(gateway.url, stripeEvent("evt_rolled_back"))).status).toBe(200);
    expect(await stored("evt_rolled_back")).toEqual(STORED_ONCE);
  });
});

describe("when BEGIN fails", () => {
  it("no line of the ledger is left that would make the event a duplicate of nothing", async () => {
    proxy.toServer = (bytes) => replaceBytes(bytes, simpleQuery("BEGIN"), simpleQuery("BEGIM"));
    expect((await post(gateway.url, stripeEvent("evt_no_begin"))).status).toBe(503);
    expect(await countStrayLines(gateway)).toBe(0);
    proxy.toServer = null;
    expect((await post(gateway.url, stripeEvent("evt_no_begin"))).status).toBe(200);
    expect(await stored("evt_no_begin")).toEqual(STORED_ONCE);
  });
});
