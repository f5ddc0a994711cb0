import { createApi } from "@holdfast/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { IngestGateway } from "../support/ingest-gateway.ts";
import { PAYMENTS, post, SECRET, startIngestGateway, stripeEvent } from "../support/ingest-gateway.ts";

let gateway: IngestGateway;
let api: ReturnType<typeof createApi>;

beforeAll(async () => {
  const sources = {
    ...(PAYMENTS["sources"] as object),
    code: { provider: "github", secrets: [SECRET] },
    chat: { provider: "telegram", secrets: [SECRET] },
  };
  gateway = await startIngestGateway({ content: { ...PAYMENTS, sources } });
  api = createApi({ url: gateway.adminUrl, token: gateway.gateway.adminToken! });
});
afterAll(() => gateway.close());

interface TestEvent {
  outcome: string;
  eventType: string;
  eventId: string | null;
}

describe("a test event", () => {
  it("is verified, recorded and queued like any other, under the type that was asked for", async () => {
    const sent = await api.post<TestEvent>("/sources/payments/test-event", { eventType: "charge.refunded" });
    expect(sent.outcome).toBe("recorded");
    const event = await api.events.get(sent.eventId!);
    expect(event).toMatchObject({ source: "payments", eventType: "charge.refunded", verifiedBy: "signature" });
    expect(event.deliveries).toHaveLength(1);
  });

  it("is one that the provider has, where nobody names a type, also with headers that are signed beside it", async () => {
    const sent = await api.post<TestEvent>("/sources/code/test-event");
    expect(sent.outcome).toBe("recorded");
    expect((await api.events.get(sent.eventId!)).eventType).toBe(sent.eventType);
  });

  it("is refused in words where the provider would send the secret itself", async () => {
    await expect(api.post("/sources/chat/test-event")).rejects.toMatchObject({ status: 409, code: "conflict" });
    await expect(api.post("/sources/nothing/test-event")).rejects.toMatchObject({ status: 404 });
  });
});

describe("the providers", () => {
  it("are listed with what a source of each needs", async () => {
    const { items } = await api.get<{
      items: { slug: string; choosesSecret: boolean; receiverFields: string[]; sampleTypes: string[] }[];
    }>("/providers");
    const of = (slug: string) => items.find((item) => item.slug === slug);
    expect(items.length).toBeGreaterThan(100);
    expect(of("stripe")).toMatchObject({ choosesSecret: false, receiverFields: ["secrets"] });
    expect(of("stripe")?.sampleTypes).toContain("invoice.paid");
    expect(of("github")?.choosesSecret).toBe(true);
    expect(of("square")?.receiverFields).toContain("notificationUrl");
  });
});

describe("the sums of traffic", () => {
  it("count what came at each source, and when the last came", async () => {
    await post(gateway.url, stripeEvent("evt_counted"));
    const payments = await api.sources.get("payments");
    const read = () =>
      api.get<{ items: { sourceId: string; recorded: number; lastRecordedAt: string | null }[] }>("/rates/sources", {
        minutes: 5,
      });
    await expect
      .poll(async () => (await read()).items.find(({ sourceId }) => sourceId === payments.id)?.recorded ?? 0)
      .toBeGreaterThanOrEqual(2);
    expect((await read()).items[0]?.lastRecordedAt).not.toBeNull();
    expect((await api.get<{ items: unknown[] }>("/rates/destinations")).items).toEqual([]);
  });
});
