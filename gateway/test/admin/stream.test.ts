import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { StreamedEvent } from "@holdfast/client";
import { followStream } from "@holdfast/client";
import { toPublicId } from "../../src/domain/id.ts";
import type { AdminGateway } from "../support/admin-gateway.ts";
import { startAdminGateway } from "../support/admin-gateway.ts";
import { recordOne } from "../support/recorded-events.ts";

let gateway: AdminGateway;

beforeAll(async () => {
  gateway = await startAdminGateway();
  for (const name of ["one", "two"])
    await gateway.call("POST", "/sources", {
      name,
      provider: "stripe",
      secrets: ["whsec_a-secret-of-enough-length-01"],
    });
});
afterAll(() => gateway.close());

async function record(source: string, providerId: string): Promise<string> {
  const sourceId = gateway.catalog().sources.find(({ name }) => name === source)!.id;
  return toPublicId("evt", (await recordOne(gateway.db, { sourceId, destinationIds: [], providerId })).eventId);
}

/** Follows until an event has come; records anew until then, since what came before the stream stood is not told. */
async function firstOf(wish: { source?: string; after?: string }, key = gateway.key): Promise<StreamedEvent> {
  const aborter = new AbortController();
  const made: Promise<string>[] = [];
  const timer = setInterval(() => made.push(record("one", `evt_tick_${made.length + 1}`)), 200);
  try {
    for await (const event of followStream({ url: gateway.url, token: key }, { ...wish, signal: aborter.signal }))
      return event;
    throw new Error("the stream ended");
  } finally {
    clearInterval(timer);
    aborter.abort();
    await Promise.all(made);
  }
}

describe("the live stream", () => {
  it("tells of new events", async () => {
    expect(await firstOf({})).toMatchObject({ source: "one", providerEventId: expect.stringMatching(/^evt_tick_/) });
  });

  it("resumes: what came after an event, and shortly before it, is told first", async () => {
    const first = await record("two", "evt_first");
    const second = await record("two", "evt_second");
    const aborter = new AbortController();
    const seen: string[] = [];
    const wish = { source: "two", after: first, signal: aborter.signal };
    for await (const event of followStream({ url: gateway.url, token: gateway.key }, wish)) {
      seen.push(event.id);
      if (seen.includes(second)) break;
    }
    aborter.abort();
    expect(seen).toEqual([first, second]);
  });

  it("is held by nobody who asks for its head alone", async () => {
    const headers = { authorization: `Bearer ${gateway.key}` };
    for (let i = 0; i < 100; i++) {
      const head = await fetch(`${gateway.url}/api/v1/stream`, { method: "HEAD", headers });
      expect([head.status, head.headers.get("content-type")]).toEqual([200, "text/event-stream; charset=utf-8"]);
    }
    expect((await gateway.call("GET", "/stream")).status).toBe(200);
  });

  it("is documented with its refusal for want of room, as the look at what a handler has not is", async () => {
    const answer = await fetch(`${gateway.url}/api/v1/openapi.json`);
    type Described = { get?: { responses: object } };
    const { paths } = (await answer.json()) as { paths: Record<string, Described> };
    const answers = (path: string) => Object.keys(paths[`/api/v1${path}`]?.get?.responses ?? {});
    for (const path of ["/stream", "/destinations/{id}/signing-secret"]) expect(answers(path)).toContain("409");
    expect(answers("/sources")).not.toContain("409");
  });

  it("shows nothing to another tenant, and nothing without a key", async () => {
    const foreign = await gateway.keyOf("other");
    const wish = { source: "one", signal: new AbortController().signal };
    await expect(followStream({ url: gateway.url, token: foreign }, wish).next()).rejects.toMatchObject({
      code: "invalid_input",
    });
    await expect(followStream({ url: gateway.url, token: "hfk_x" }, wish).next()).rejects.toMatchObject({
      status: 401,
    });
  });
});
