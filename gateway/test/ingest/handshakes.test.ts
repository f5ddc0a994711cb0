import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { IngestGateway } from "../support/ingest-gateway.ts";
import { startIngestGateway } from "../support/ingest-gateway.ts";

const SECRET = "8f742231b10e8888abcd99e6d1f4a2b7";
const CALLBACK = "https://example.com/in/boards-key";
const EBAY = { verifyToken: "v".repeat(32), notificationUrl: "https://example.com/in/market-key" };

let gateway: IngestGateway;

beforeAll(async () => {
  gateway = await startIngestGateway({
    content: {
      sources: {
        boards: { provider: "trello", key: "boards-key", secrets: [SECRET], callbackUrl: CALLBACK },
        grid: { provider: "azure-event-grid", key: "grid-source-key", secrets: [SECRET] },
        market: { provider: "ebay", key: "market-key", ...EBAY },
        payments: { provider: "stripe", key: "payments-key", secrets: [SECRET] },
      },
      destinations: { billing: { url: "https://billing.example/webhooks" } },
      routes: [{ source: "boards", destination: "billing" }],
    },
  });
});
afterAll(() => gateway?.close());

async function ask(method: string, path: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${gateway.url}${path}`, { method, headers });
}

describe("a provider's URL check", () => {
  it("by HEAD is answered at a source of a provider that asks so", async () => {
    expect((await ask("HEAD", "/in/boards-key")).status).toBe(200);
  });

  it("by OPTIONS is answered with what it asks for", async () => {
    const answer = await ask("OPTIONS", "/in/grid-source-key", { "webhook-request-origin": "eventgrid.azure.net" });
    expect([answer.status, answer.headers.get("webhook-allowed-origin")]).toEqual([200, "eventgrid.azure.net"]);
  });

  it("by GET is answered with its challenge", async () => {
    const answer = await ask("GET", "/in/market-key?challenge_code=abc123");
    const hash = createHash("sha256").update(`abc123${EBAY.verifyToken}${EBAY.notificationUrl}`).digest("hex");
    expect(await answer.json()).toEqual({ challengeResponse: hash });
  });

  it.each(["HEAD", "OPTIONS", "PUT"])("by %s is refused where the provider never asks so", async (method) => {
    expect((await ask(method, "/in/payments-key")).status).toBe(405);
  });

  it("is recorded as nothing", async () => {
    await ask("HEAD", "/in/boards-key");
    expect(await gateway.query("select 1 from holdfast.event")).toEqual([]);
  });
});
