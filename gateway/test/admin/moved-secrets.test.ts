import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { toPublicId } from "../../src/domain/id.ts";
import { loadChannels } from "../../src/store/alerts/channels.ts";
import { loadSetups } from "../../src/store/reconciliations/setups.ts";
import type { AdminGateway, Answer } from "../support/admin-gateway.ts";
import { startAdminGateway } from "../support/admin-gateway.ts";

const API_SECRET = "rk_live_0123456789abcdef";
const ELSEWHERE = "https://elsewhere.example";
let gateway: AdminGateway;

beforeAll(async () => {
  gateway = await startAdminGateway({ allowCidrs: ["127.0.0.0/8"] });
  const secrets = ["whsec_a-secret-of-enough-length"];
  await made("/sources", { name: "shop", provider: "stripe", secrets });
  const log = { name: "log", source: "shop", connector: { kind: "stripe" }, secret: API_SECRET, eventTypes: ["*"] };
  await made("/reconciliations", log);
  await made("/alerts/channels", { name: "duty", kind: "pagerduty", routingKey: "R0UT1NGKEY" });
  await made("/alerts/channels", { name: "mail", ...mail("mail.example") });
});
afterAll(() => gateway.close());

async function made(path: string, body: object): Promise<void> {
  expect([path, (await gateway.call("POST", path, body)).status]).toEqual([path, 201]);
}

function mail(host: string): Record<string, unknown> {
  const way = { kind: "email", host, from: "holdfast@example.com", to: ["ops@example.com"] };
  return { ...way, username: "holdfast", password: "a-password" };
}

const changeLog = (body: object): Promise<Answer> => gateway.call("PATCH", "/reconciliations/log", body);
const changeChannel = (name: string, body: object): Promise<Answer> =>
  gateway.call("PATCH", `/alerts/channels/${name}`, body);

async function storedSetup(name: string) {
  const setups = await loadSetups(gateway.db, gateway.box, { tenant: "default" });
  const { connector, secret } = setups.find((setup) => setup.name === name)!;
  return { connector, secret };
}

async function storedChannel(name: string) {
  const channels = await loadChannels(gateway.db, gateway.box, "default");
  const { address, secret } = channels.find((channel) => channel.name === name)!;
  return { address, secret };
}

/** That it was refused for want of the secret, which is not told. */
function expectAsked(answer: Answer, path: string): void {
  const { faults } = answer.body as { faults?: { path: string; problem: string }[] };
  expect([answer.status, faults?.map((fault) => fault.path)]).toEqual([422, [path]]);
  expect(faults![0]!.problem).toContain("give it again");
  for (const secret of [API_SECRET, "R0UT1NGKEY", "a-password"]) expect(answer.bytes.toString()).not.toContain(secret);
}

describe("the secret of a reconciliation", () => {
  it("is sent nowhere else by whoever changes its connector", async () => {
    const before = await storedSetup("log");
    for (const connector of [
      { kind: "stripe", baseUrl: ELSEWHERE },
      { kind: "stripe", baseUrl: "https://api.stripe.com:8443" },
      { kind: "stripe", baseUrl: "http://127.0.0.1:4000" },
      { kind: "http", url: "https://api.stripe.com/v1/events", id: "/id", paging: "none", auth: "bearer" },
    ])
      expectAsked(await changeLog({ connector }), "secret");
    expect(await storedSetup("log")).toEqual(before);
  });

  it("stays where it goes to the same place, and goes elsewhere when it is given", async () => {
    for (const more of [{ baseUrl: "https://api.stripe.com/" }, { account: "acct_1" }, {}])
      expect((await changeLog({ connector: { kind: "stripe", ...more } })).status).toBe(200);
    expect((await changeLog({ schedule: "0 * * * *" })).status).toBe(200);
    expect((await storedSetup("log")).secret).toBe(API_SECRET);
    const connector = { kind: "stripe", baseUrl: ELSEWHERE };
    expect((await changeLog({ connector, secret: "rk_live_another" })).status).toBe(200);
    expect(await storedSetup("log")).toEqual({ connector, secret: "rk_live_another" });
  });

  it("is not carried on by a connector that shows it to nobody", async () => {
    const http = { kind: "http", url: "https://logs.example/events", id: "/id", paging: "none" };
    expect((await changeLog({ connector: http })).status).toBe(200);
    expectAsked(await changeLog({ connector: { ...http, auth: "bearer" } }), "secret");
    const stripe = { kind: "stripe", baseUrl: ELSEWHERE };
    expect((await changeLog({ connector: stripe, secret: API_SECRET })).status).toBe(200);
  });

  it("is not carried on by a connector that needs none", async () => {
    const file = { kind: "file", file: "log.jsonl", format: "jsonl", id: "/id" };
    expect((await changeLog({ connector: file })).status).toBe(200);
    expectAsked(await changeLog({ connector: { kind: "stripe", baseUrl: "https://third.example" } }), "secret");
    expectAsked(await changeLog({ connector: { kind: "stripe", baseUrl: ELSEWHERE } }), "secret");
  });
});

describe("the secret of an alert channel", () => {
  it("is sent nowhere else by whoever changes its address", async () => {
    expectAsked(await changeChannel("duty", { url: `${ELSEWHERE}/v2/enqueue` }), "routingKey");
    for (const way of [{ host: "elsewhere.example" }, { port: 2_525 }, { security: "tls" }])
      expectAsked(await changeChannel("mail", way), "password");
    expect(await storedChannel("duty")).toMatchObject({ secret: "R0UT1NGKEY", address: { kind: "pagerduty" } });
    expect(await storedChannel("mail")).toMatchObject({ secret: "a-password", address: { host: "mail.example" } });
  });

  it("stays where it goes to the same place, and goes elsewhere when it is given", async () => {
    expect((await changeChannel("duty", { severities: ["page"] })).status).toBe(200);
    expect((await changeChannel("mail", { to: ["others@example.com"], state: "disabled" })).status).toBe(200);
    expect((await storedChannel("mail")).secret).toBe("a-password");
    expect((await changeChannel("mail", { host: "elsewhere.example", password: "another" })).status).toBe(200);
    expect(await storedChannel("mail")).toMatchObject({ secret: "another", address: { host: "elsewhere.example" } });
  });
});

describe("the credentials in a destination's headers", () => {
  const TOKEN = "a-token-of-the-service";
  const change = (name: string, body: object): Promise<Answer> => gateway.call("PATCH", `/destinations/${name}`, body);
  const idOf = (name: string): string => gateway.catalog().destinations.find((item) => item.name === name)!.id;
  const stored = (name: string) => gateway.catalog().destinations.find((item) => item.name === name)!;

  it("are sent nowhere else by whoever changes its URL", async () => {
    await made("/destinations", { name: "crm", url: "https://crm.example/in", headers: { "x-api-key": TOKEN } });
    const id = toPublicId("dst", idOf("crm"));
    for (const url of [`${ELSEWHERE}/in`, "https://crm.example:8443/in"]) {
      const answer = await change(id, { url });
      expectAsked(answer, "headers");
      expect(answer.bytes.toString()).not.toContain(TOKEN);
    }
    expect(stored("crm")).toMatchObject({ target: { url: "https://crm.example/in" }, headers: [["x-api-key", TOKEN]] });
  });

  it("stay on the same host, and go elsewhere when they are given or taken away", async () => {
    const id = toPublicId("dst", idOf("crm"));
    expect((await change(id, { url: "https://crm.example/other", timeoutMs: 5_000 })).status).toBe(200);
    expect(stored("crm").headers).toEqual([["x-api-key", TOKEN]]);
    expect((await change(id, { url: `${ELSEWHERE}/in`, headers: { "x-api-key": "another" } })).status).toBe(200);
    expect(stored("crm").headers).toEqual([["x-api-key", "another"]]);
    expect((await change(id, { url: "https://third.example/in", headers: null })).status).toBe(200);
    expect(stored("crm").headers).toEqual([]);
  });

  it("do not matter where there are none", async () => {
    await made("/destinations", { name: "plain", url: "https://plain.example/", headers: { "x-team": "billing" } });
    expect((await change(toPublicId("dst", idOf("plain")), { url: `${ELSEWHERE}/` })).status).toBe(200);
    expect(stored("plain").headers).toEqual([["x-team", "billing"]]);
  });
});

it("a configuration that would send a stored secret elsewhere is refused as a whole", async () => {
  const definition = (log: object, sent: object, more: object = {}) => ({
    sources: { filed: { provider: "stripe", secrets: ["whsec_a-secret-of-enough-length"] } },
    reconciliations: { "filed-log": { source: "filed", eventTypes: ["*"], ...log } },
    alerts: { channels: { "filed-mail": sent } },
    ...more,
  });
  const apply = (declared: object): Promise<Answer> => gateway.call("POST", "/configuration", { definition: declared });
  const { password: _password, ...moved } = mail("elsewhere.example");
  const stripe = { kind: "stripe" };
  expect((await apply(definition({ connector: stripe, secret: API_SECRET }, mail("mail.example")))).status).toBe(200);

  const destinations = { late: { url: "https://late.example/" } };
  const elsewhere = { connector: { ...stripe, baseUrl: ELSEWHERE } };
  const refused = await apply(definition(elsewhere, moved, { destinations }));
  const { faults } = refused.body as { faults?: { path: string }[] };
  expect([refused.status, faults?.map(({ path }) => path)]).toEqual([
    422,
    ["reconciliations.filed-log.secret", "alerts.channels.filed-mail.password"],
  ]);
  expect(await storedSetup("filed-log")).toEqual({ connector: stripe, secret: API_SECRET });
  expect(await storedChannel("filed-mail")).toMatchObject({ address: { host: "mail.example" } });
  expect(gateway.catalog().destinations.map(({ name }) => name)).not.toContain("late");

  const { password: _same, ...kept } = mail("mail.example");
  expect((await apply(definition({ connector: stripe }, kept))).status).toBe(200);
  expect((await storedSetup("filed-log")).secret).toBe(API_SECRET);
  expect((await storedChannel("filed-mail")).secret).toBe("a-password");
});
