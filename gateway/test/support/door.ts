import { afterAll, beforeAll, expect, onTestFinished } from "vitest";
import type { IngestGateway } from "./ingest-gateway.ts";
import { PAYMENTS, faultOf, startIngestGateway } from "./ingest-gateway.ts";
import type { RawAnswer, RawConnection } from "./raw-http.ts";
import { openRaw } from "./raw-http.ts";

/** The limit of the source's bodies in these tests. */
export const LIMIT = 4_096;
export const KEY = "payments-key";
/** A source that takes more than may wait for the database at once. */
export const LARGE_KEY = "large-source-key";
const MIB = 1_048_576;

/** The door of one test file: small limits, on a real socket and a real database. */
export interface TestDoor {
  gateway(): IngestGateway;
  url(): string;
  /** A connection that is closed after the test. */
  open(): Promise<RawConnection>;
  isStored(id: string): Promise<boolean>;
}

/** @param timeoutMs what a request may take to come; short alone for who waits to be given up on */
export function doorOfThisFile(timeoutMs = 30_000): TestDoor {
  let gateway: IngestGateway | undefined;
  beforeAll(async () => {
    const payments = { ...(PAYMENTS["sources"] as Record<string, object>)["payments"], bodyBytesMax: LIMIT };
    const large = { ...payments, key: LARGE_KEY, bodyBytesMax: 4 * MIB };
    const ingest = { headersTimeoutMs: timeoutMs, bodyTimeoutMs: timeoutMs, queueBytesMax: MIB };
    gateway = await startIngestGateway({ content: { ...PAYMENTS, sources: { payments, large }, ingest } });
  });
  afterAll(() => gateway?.close());
  const made = (): IngestGateway => {
    if (gateway === undefined) throw new Error("the gateway is started before the first test");
    return gateway;
  };
  return {
    gateway: made,
    url: () => made().url,
    open: async () => {
      const connection = await openRaw(made().url);
      onTestFinished(() => connection.end());
      return connection;
    },
    isStored: async (id) =>
      (await made().query("select 1 from holdfast.event where provider_event_id = $1", [id])).length > 0,
  };
}

/** Every refusal is a problem document with a stable type and an id, and shows nothing of the inside. */
export function expectRefused(answer: RawAnswer, status: number, fault: string): void {
  expect([answer.status, answer.headers["content-type"]]).toEqual([status, "application/problem+json"]);
  expect(faultOf(answer)).toBe(fault);
  const problem = JSON.parse(answer.body) as Record<string, unknown>;
  expect(problem).toMatchObject({ status, id: expect.any(String), title: expect.any(String) });
  expect(Object.keys(problem).filter((key) => !["type", "title", "status", "id", "detail"].includes(key))).toEqual([]);
  expect(answer.body).not.toMatch(/\bat .*:\d+:\d+|node_modules|select |insert |holdfast\./i);
}
