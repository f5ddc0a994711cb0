import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { verify } from "@holdfast/verify";
import { checkDefinition } from "../../src/domain/definition.ts";
import { applyDefinition } from "../../src/pipeline/apply-definition.ts";
import { definitionCheckers } from "../../src/pipeline/definition-checkers.ts";
import { systemClock } from "../../src/platform/clock.ts";
import type { Answer, AdminGateway } from "../support/admin-gateway.ts";
import { startAdminGateway } from "../support/admin-gateway.ts";
import { recordOne } from "../support/recorded-events.ts";

const SECRET = "whsec_a-secret-of-enough-length-0001";
const OTHER = "whsec_a-secret-of-enough-length-0002";
let gateway: AdminGateway;

beforeAll(async () => {
  gateway = await startAdminGateway();
});
afterAll(() => gateway.close());

function fields(answer: Answer): Record<string, unknown> {
  return answer.body as Record<string, unknown>;
}
function faultPaths(answer: Answer): string[] {
  return (fields(answer)["faults"] as { path: string }[]).map(({ path }) => path);
}

describe("sources", () => {
  it("are made with a key of their own, and their secrets never come back", async () => {
    const made = await gateway.call("POST", "/sources", { name: "stripe", provider: "stripe", secrets: [SECRET] });
    expect(made.status).toBe(201);
    expect(fields(made)["ingestUrl"]).toMatch(/^http:\/\/127\.0\.0\.1:4400\/in\/[A-Za-z0-9_-]{32}$/);
    expect(fields(made)["secrets"]).toEqual([{ version: "v1", state: "active", notAfter: null, readable: true }]);
    const shown = await gateway.call("GET", "/sources/stripe");
    expect(shown.bytes.toString()).not.toContain("whsec_");
    expect((await gateway.call("GET", `/sources/${String(fields(made)["id"])}`)).body).toEqual(shown.body);
    const stored = await gateway.db.pool.query<{ sealed: Buffer }>("SELECT sealed FROM holdfast.secret_version");
    expect(stored.rows[0]!.sealed.includes(SECRET)).toBe(false);
    expect(gateway.logged.join("\n")).not.toContain(SECRET);
  });

  it("are refused with every fault at once", async () => {
    const answer = await gateway.call("POST", "/sources", {
      name: "Bad Name",
      provder: "x",
      bodyBytesMax: 0,
      key: "a b",
    });
    expect(answer.status).toBe(422);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(faultPaths(answer).toSorted()).toEqual(["bodyBytesMax", "key", "name", "provder", "provider"]);
    expect(answer.bytes.toString()).toContain("did you mean provider?");
  });

  it("cannot take a name that is taken", async () => {
    const answer = await gateway.call("POST", "/sources", { name: "stripe", provider: "stripe", secrets: [SECRET] });
    expect(answer.status).toBe(409);
  });

  it("change their secrets without anybody knowing the old ones", async () => {
    const notAfter = new Date(Date.now() + 3_600_000).toISOString();
    const answer = await gateway.call("PATCH", "/sources/stripe", { secrets: [OTHER, { version: "v1", notAfter }] });
    expect(answer.body).toMatchObject({ name: "stripe" });
    expect(fields(answer)["secrets"]).toEqual([
      { version: "v2", state: "active", notAfter: null, readable: true },
      { version: "v1", state: "retiring", notAfter, readable: true },
    ]);
    const source = gateway.catalog().sources.find(({ name }) => name === "stripe");
    expect(source?.secrets.map(({ value }) => value)).toEqual([OTHER, SECRET]);
  });

  it("retire a secret that is not listed any more", async () => {
    const answer = await gateway.call("PATCH", "/sources/stripe", { secrets: [{ version: "v2" }] });
    expect(fields(answer)["secrets"]).toMatchObject([
      { version: "v2", state: "active" },
      { version: "v1", state: "retired" },
    ]);
    const unknown = await gateway.call("PATCH", "/sources/stripe", { secrets: [{ version: "v9" }] });
    expect(faultPaths(unknown)).toEqual(["secrets[0].version"]);
  });

  it("sign as their provider would", async () => {
    const body = Buffer.from('{"id":"evt_1","type":"invoice.paid"}');
    const answer = await gateway.call("POST", "/sources/stripe/sign", { bodyBase64: body.toString("base64") });
    const headers = fields(answer)["headers"] as [string, string][];
    const request = { method: "POST", url: "http://127.0.0.1:4400/in/x", headers, body };
    const verdict = verify({ provider: "stripe", receiver: { secrets: [OTHER] }, request, now: new Date() });
    expect(verdict.ok).toBe(true);
  });

  it("sign inside the body where their provider does", async () => {
    await gateway.call("POST", "/sources", { name: "mailgun", provider: "mailgun", secrets: [OTHER] });
    const body = Buffer.from('{"event-data":{"id":"e-1","event":"opened"}}');
    const url = "http://127.0.0.1:4400/in/x";
    const given = { headers: [["content-type", "application/json"]], bodyBase64: body.toString("base64"), url };
    const answer = fields(await gateway.call("POST", "/sources/mailgun/sign", given));
    const signed = Buffer.from(String(answer["bodyBase64"]), "base64");
    expect([answer["headers"], answer["url"], signed.equals(body)]).toEqual([[], url, false]);
    const request = { method: "POST", url, headers: [], body: signed };
    const verdict = verify({ provider: "mailgun", receiver: { secrets: [OTHER] }, request, now: new Date() });
    expect(verdict).toMatchObject({ ok: true });
    await gateway.call("DELETE", "/sources/mailgun");
  });

  it("never give their secret back by signing, where the provider sends the secret itself", async () => {
    for (const provider of ["gitlab", "mailchimp"]) {
      await gateway.call("POST", "/sources", { name: provider, provider, secrets: [OTHER] });
      const answer = await gateway.call("POST", `/sources/${provider}/sign`, { bodyBase64: "e30=" });
      expect([answer.status, JSON.stringify(answer).includes(OTHER)], provider).toEqual([409, false]);
      await gateway.call("DELETE", `/sources/${provider}`);
    }
  });

  it("are disabled and enabled, never deleted", async () => {
    expect(fields(await gateway.call("DELETE", "/sources/stripe"))["state"]).toBe("disabled");
    expect(fields(await gateway.call("PATCH", "/sources/stripe", { bodyBytesMax: 2_000_000 }))["state"]).toBe(
      "disabled",
    );
    expect(fields(await gateway.call("PATCH", "/sources/stripe", { state: "active" }))).toMatchObject({
      state: "active",
      bodyBytesMax: 2_000_000,
    });
  });
});

describe("destinations", () => {
  it("show their signing secret once, and afterwards only to who asks for it, which is logged", async () => {
    const made = await gateway.call("POST", "/destinations", {
      name: "billing",
      url: "https://billing.example.com/in",
      headers: { authorization: "Bearer very-secret", "x-team": "billing" },
    });
    const secret = String(fields(made)["signingSecret"]);
    expect(Buffer.from(secret.replace("whsec_", ""), "base64")).toHaveLength(32);
    const shown = await gateway.call("GET", "/destinations/billing");
    expect(fields(shown)).not.toHaveProperty("signingSecret");
    expect(fields(shown)["headers"]).toEqual({ authorization: "[redacted]", "x-team": "billing" });
    const asked = await gateway.call("GET", "/destinations/billing/signing-secret");
    expect(asked.body).toEqual({ signingSecret: secret });
    expect(gateway.logged.some((line) => line.includes("a signing secret was shown"))).toBe(true);
    expect(gateway.logged.join("\n")).not.toContain(secret);
  });

  it("may not lead to private addresses, nor take back what is masked", async () => {
    const answer = await gateway.call("POST", "/destinations", {
      name: "inner",
      url: "http://169.254.169.254/latest",
      headers: { authorization: "[redacted]", host: "x", "webhook-id": "1" },
    });
    expect(answer.status).toBe(422);
    expect(faultPaths(answer).toSorted()).toEqual([
      "headers.authorization",
      "headers.host",
      "headers.webhook-id",
      "url",
    ]);
  });

  it("hold what waits while they are paused, and let it go again", async () => {
    const source = gateway.catalog().sources[0]!;
    const destination = gateway.catalog().destinations.find(({ name }) => name === "billing")!;
    const { deliveryIds } = await recordOne(gateway.db, {
      sourceId: source.id,
      destinationIds: [destination.id],
      providerId: "evt_paused",
    });
    const stateOf = async (): Promise<unknown> => {
      const found = await gateway.db.pool.query(
        "SELECT state, held_reason FROM holdfast.delivery WHERE id = $1",
        deliveryIds,
      );
      return found.rows[0];
    };
    const paused = await gateway.call("PATCH", "/destinations/billing", { state: "paused", stateReason: "deploy" });
    expect(fields(paused)).toMatchObject({ state: "paused", stateReason: "deploy" });
    expect(await stateOf()).toEqual({ state: "held", held_reason: "destination_paused" });
    const wakes = gateway.wakes();
    const resumed = await gateway.call("PATCH", "/destinations/billing", { state: "active", timeoutMs: 5_000 });
    expect(fields(resumed)).toMatchObject({ state: "active", stateReason: null, timeoutMs: 5_000 });
    expect(await stateOf()).toEqual({ state: "scheduled", held_reason: null });
    expect(gateway.wakes()).toBe(wakes + 1);
    expect(fields(await gateway.call("DELETE", "/destinations/billing"))["state"]).toBe("disabled");
    expect(await stateOf()).toEqual({ state: "held", held_reason: "destination_disabled" });
  });
});

describe("routes", () => {
  it("join what is there, by name or id", async () => {
    const { id } = gateway.catalog().destinations[0]!;
    expect(id).toBeTruthy();
    const made = await gateway.call("POST", "/routes", { source: "stripe", destination: "billing", priority: "high" });
    expect(fields(made)).toMatchObject({ name: "stripe-billing", eventTypes: ["*"], priority: "high" });
    const changed = await gateway.call("PATCH", "/routes/stripe-billing", {
      eventTypes: ["invoice.*"],
      priority: null,
    });
    expect(fields(changed)).toMatchObject({ eventTypes: ["invoice.*"], priority: "normal" });
    expect(fields(await gateway.call("DELETE", "/routes/stripe-billing"))["state"]).toBe("disabled");
  });

  it("tell the nearest name when an end is not there", async () => {
    const answer = await gateway.call("POST", "/routes", { source: "strpe", destination: "billing", eventType: ["*"] });
    expect(faultPaths(answer).toSorted()).toEqual(["eventType", "source"]);
    expect(answer.bytes.toString()).toContain("did you mean stripe?");
  });
});

describe("a configuration as a whole", () => {
  const definition = {
    sources: { stripe: { provider: "stripe", secrets: [OTHER] }, github: { provider: "github", secrets: [SECRET] } },
    destinations: { billing: { url: "https://billing.example.com/in" } },
    routes: [{ source: "github", destination: "billing" }],
  };

  it("is only planned in a dry run", async () => {
    const before = (await gateway.call("GET", "/configuration")).body;
    const planned = await gateway.call("POST", "/configuration", { definition, dryRun: true });
    expect(fields(planned)).toMatchObject({
      dryRun: true,
      created: ["source/github", "route/github-billing"],
      updated: ["source/stripe", "destination/billing"],
      disabled: [],
    });
    expect((await gateway.call("GET", "/configuration")).body).toEqual(before);
  });

  it("changes nothing when it is applied again", async () => {
    await gateway.call("POST", "/configuration", { definition });
    const version = fields(await gateway.call("GET", "/configuration"))["version"];
    const again = await gateway.call("POST", "/configuration", { definition });
    expect(again.body).toMatchObject({ created: [], updated: [], disabled: [], unchanged: 4 });
    expect(fields(await gateway.call("GET", "/configuration"))["version"]).toBe(version);
  });

  it("is what the file declares, as at a start: each retires what the other declared, and neither what was made here", async () => {
    await gateway.call("POST", "/sources", { name: "made-here", provider: "stripe", secrets: [SECRET] });
    const dropped = { provider: "stripe", secrets: [SECRET] };
    const kept = definition.sources;
    await gateway.call("POST", "/configuration", { definition: { ...definition, sources: { ...kept, dropped } } });
    expect((await gateway.call("PATCH", "/sources/dropped", { bodyBytesMax: 2_048 })).status).toBe(409);
    const checked = checkDefinition(definition, definitionCheckers({ allowCidrs: [] }));
    if (!checked.ok) throw new Error("the definition is right");
    const deps = { db: gateway.db, box: gateway.box, clock: systemClock, random: (n: number) => randomBytes(n) };
    const started = await applyDefinition(deps, checked.definition, { origin: "file", dryRun: false });
    expect(started).toMatchObject({ ok: true, plan: { updated: [], disabled: [{ name: "dropped" }], unchanged: 4 } });
    const applied = await gateway.call("POST", "/configuration", { definition: { ...definition, routes: [] } });
    expect(fields(applied)["disabled"]).toEqual(["route/github-billing"]);
    expect(fields(await gateway.call("GET", "/sources/made-here"))["state"]).toBe("active");
  });

  it("is refused whole, with every path", async () => {
    const answer = await gateway.call("POST", "/configuration", {
      definition: {
        sources: { s: { provider: "strip", secrets: [SECRET] } },
        destinations: { d: { url: "ftp://x", retry: { scheduleSec: [0] } } },
        routes: [{ source: "s", destination: "nowhere", priority: "urgent" }],
      },
    });
    expect(faultPaths(answer).toSorted()).toEqual([
      "destinations.d.retry.scheduleSec[0]",
      "destinations.d.url",
      "routes[0].destination",
      "routes[0].priority",
      "sources.s.provider",
    ]);
  });
});
