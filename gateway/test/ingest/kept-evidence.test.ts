import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { IngestGateway } from "../support/ingest-gateway.ts";
import {
  SECRET,
  faultOf,
  post,
  signedWebhook,
  startIngestGateway,
  stripeEvent,
  until,
} from "../support/ingest-gateway.ts";
import { exchangeRaw, requestBytes } from "../support/raw-http.ts";

let gateway: IngestGateway;

beforeAll(async () => {
  gateway = await startIngestGateway({
    content: {
      sources: {
        payments: { provider: "stripe", key: "payments-key", secrets: [SECRET] },
        lab: { provider: "gitlab", key: "lab-source-key", secrets: [SECRET] },
        letters: { provider: "mailchimp", key: "letters-key", secrets: [SECRET] },
        chats: {
          provider: "meta-whatsapp",
          key: "chats-source-key",
          secrets: [SECRET],
          verifyToken: "our-verify-token",
        },
      },
    },
  });
});
afterAll(() => gateway.close());
beforeEach(() => gateway.query("truncate holdfast.event, holdfast.dedupe, holdfast.rejection"));

type Pairs = readonly (readonly [string, string])[];

const headersIn = async (table: string): Promise<Pairs> => {
  const [row] = await gateway.query<{ headers: Buffer }>(`select headers from holdfast.${table}`);
  return JSON.parse(row!.headers.toString()) as Pairs;
};
const rejections = () =>
  gateway.query<{
    reason: string;
    diagnosis: { summary: string; likelyCause: string | null };
    body: Buffer;
    status: number;
  }>("select reason, diagnosis, body, status from holdfast.rejection order by id");

describe("the URL", () => {
  const urlIn = async (table: string): Promise<string | undefined> => {
    await until(async () => (await gateway.query(`select 1 from holdfast.${table}`)).length === 1);
    return (await gateway.query<{ url: string }>(`select url from holdfast.${table}`))[0]?.url;
  };

  it.each([
    ["event", SECRET],
    ["rejection", "an-old-secret-of-the-registered-url"],
  ])("is kept without the secret that it carries (%s)", async (table, token) => {
    const form: Pairs = [["Content-Type", "application/x-www-form-urlencoded"]];
    await exchangeRaw(gateway.url, requestBytes(`POST /in/letters-key?secret=${token}`, form, "type=subscribe"));
    expect(await urlIn(table)).toBe("/in/letters-key?secret=[redacted]");
  });

  it("of a check that fails is kept without the token that was tried, and with all else", async () => {
    const query = "hub.mode=subscribe&hub.challenge=7&hub.verify_token=the-token-of-another-app";
    await exchangeRaw(gateway.url, requestBytes(`GET /in/chats-source-key?${query}`, [], ""));
    const kept = "hub.mode=subscribe&hub.challenge=7&hub.verify_token=[redacted]";
    expect(await urlIn("rejection")).toBe(`/in/chats-source-key?${kept}`);
  });
});

describe("headers", () => {
  it("are stored in their order and spelling, duplicates and odd bytes included", async () => {
    const odd: Pairs = [
      ["X-Odd", "one"],
      ["x-oDD", "two"],
      ["X-Latin", "caf\u00e9"],
    ];
    const webhook = stripeEvent("evt_headers");
    await exchangeRaw(gateway.url, requestBytes(`POST ${webhook.path}`, [...odd, ...webhook.headers], webhook.body));
    const kept = await headersIn("event");
    expect(kept.slice(0, 4)).toEqual([["host", "gateway.test"], ...odd]);
    expect(kept.find(([name]) => name === "Stripe-Signature")?.[1]).toMatch(/^t=\d+,v1=[0-9a-f]{64}$/);
  });

  it.each([
    ["event", SECRET],
    ["rejection", "glpat-not-the-secret-of-this-source"],
  ])("that are credentials never reach the disk (%s) (F91)", async (table, token) => {
    const credentials: Pairs = [
      ["X-Gitlab-Token", token],
      ["Authorization", "Bearer topsecret-bearer"],
      ["Cookie", "session=topsecret-cookie"],
      ["Proxy-Authorization", "Basic topsecret-proxy"],
    ];
    const bytes = requestBytes("POST /in/lab-source-key", [["X-Gitlab-Event", "Push Hook"], ...credentials], "{}");
    await exchangeRaw(gateway.url, bytes);
    await until(async () => (await gateway.query(`select 1 from holdfast.${table}`)).length === 1);
    const kept = await headersIn(table);
    expect(kept.filter(([name]) => credentials.some(([secret]) => secret === name))).toEqual(
      credentials.map(([name]) => [name, "[redacted]"]),
    );
    const [row] = await gateway.query<{ text: string }>(`select t::text as text from holdfast.${table} t`);
    const hex = Buffer.from(token).toString("hex");
    expect([row!.text.includes(token), row!.text.includes(hex), row!.text.includes("topsecret")]).toEqual([
      false,
      false,
      false,
    ]);
    expect(gateway.logged.filter((line) => line.includes(token) || line.includes("topsecret"))).toEqual([]);
  });
});

describe("a rejection", () => {
  it.each([
    [
      "another secret",
      signedWebhook({ provider: "stripe", key: "payments-key", body: "{}", secret: `${SECRET}x` }),
      "signature_mismatch",
    ],
    ["no signature", { path: "/in/payments-key", headers: [], body: Buffer.from("{}") }, "missing_header"],
    [
      "a malformed one",
      { path: "/in/payments-key", headers: [["stripe-signature", "t=1 v1=2"] as const], body: Buffer.from("{}") },
      "malformed_header",
    ],
  ])(
    "is kept with its diagnosis and its bytes (%s), and the sender is told neither",
    async (_what, webhook, reason) => {
      const answer = await post(gateway.url, webhook);
      expect([answer.status, faultOf(answer)]).toEqual([401, "not_genuine"]);
      await until(async () => (await rejections()).length === 1);
      const [kept] = await rejections();
      expect(kept).toMatchObject({ reason, status: 401 });
      expect(kept!.diagnosis.summary.length).toBeGreaterThan(10);
      expect(kept!.body.equals(webhook.body)).toBe(true);
      expect(answer.body).not.toContain(reason);
      expect(await gateway.query("select 1 from holdfast.dedupe")).toEqual([]);
    },
  );

  it("is kept with the status that its sender was told, whichever it was", async () => {
    const answer = await exchangeRaw(gateway.url, requestBytes("GET /in/payments-key", [], ""));
    expect(answer.status).toBe(405);
    await until(async () => (await rejections()).length === 1);
    expect(await rejections()).toMatchObject([{ reason: "method_not_allowed", status: 405 }]);
  });

  it("of one byte changed says so: no live secret makes this signature", async () => {
    const webhook = stripeEvent("evt_altered");
    await post(gateway.url, { ...webhook, body: Buffer.from(webhook.body.toString().replace("paid", "pAid")) });
    await until(async () => (await rejections()).length === 1);
    expect(await rejections()).toMatchObject([{ reason: "signature_mismatch" }]);
  });

  it("is one of a bounded number in a flood; what is not kept is counted, and every one is answered", async () => {
    const before = await gateway.metric("holdfast_rejections_unkept_total");
    const unkept = async (): Promise<number> => (await gateway.metric("holdfast_rejections_unkept_total")) - before;
    const bytes = requestBytes("POST /in/payments-key", [], "{}");
    let sent = 0;
    let answered = 0;
    // As long as it takes: on a slow machine the allowance grows nearly as fast as the flood comes.
    while ((await unkept()) === 0) {
      sent += 600;
      const some = Array.from({ length: 20 }, async () => {
        for (let i = 0; i < 30; i++) if ((await exchangeRaw(gateway.url, bytes)).status === 401) answered++;
      });
      await Promise.all(some);
    }
    expect(answered).toBe(sent);
    const left = await unkept();
    await until(async () => (await rejections()).length === sent - left);
  });
});
