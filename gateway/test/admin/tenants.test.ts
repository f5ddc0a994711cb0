import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { toPublicId } from "../../src/domain/id.ts";
import { adminOperations } from "../../src/http/admin/create-admin-api.ts";
import { raiseLoops } from "../../src/store/loops/raise-loops.ts";
import type { AdminGateway, Answer } from "../support/admin-gateway.ts";
import { startAdminGateway } from "../support/admin-gateway.ts";
import { recordOne, recordRejection, tryOnce } from "../support/recorded-events.ts";

let gateway: AdminGateway;
let foreignKey: string;
const ids: Record<string, string> = {};

/** A body that each operation takes, so that what is refused is the foreign id and not the input. */
const BODIES: Record<string, unknown> = {
  "patch /sources/{id}": { state: "disabled" },
  "post /sources/{id}/sign": { bodyBase64: "e30=" },
  "post /sources/{id}/secrets": { value: "whsec_a-secret-of-enough-length-0009" },
  "patch /destinations/{id}": { state: "paused" },
  "patch /people/{id}": { role: "viewer" },
  "patch /routes/{id}": { priority: "low" },
  "patch /reconciliations/{id}": { state: "disabled" },
  "post /reconciliations/{id}/runs": {},
  "patch /alerts/rules/{id}": { threshold: 1 },
  "patch /alerts/channels/{id}": { state: "disabled" },
};

beforeAll(async () => {
  gateway = await startAdminGateway();
  await gateway.call("POST", "/sources", {
    name: "s",
    provider: "stripe",
    secrets: ["whsec_a-secret-of-enough-length-0001"],
  });
  await gateway.call("POST", "/destinations", { name: "d", url: "https://d.example.com/" });
  await gateway.call("POST", "/routes", { name: "r", source: "s", destination: "d" });
  foreignKey = await gateway.keyOf("other");
  const { sources, destinations, routes } = gateway.catalog();
  const { eventId, deliveryIds } = await recordOne(gateway.db, {
    sourceId: sources[0]!.id,
    destinationIds: [destinations[0]!.id],
    providerId: "evt_1",
  });
  const answered = { kind: "answered", status: 500, retryAfterMs: null } as const;
  await tryOnce(gateway.db, deliveryIds[0]!, answered, { to: "dead", reason: "refused", disableDestination: false });
  ids["sources"] = toPublicId("src", sources[0]!.id);
  ids["destinations"] = toPublicId("dst", destinations[0]!.id);
  ids["routes"] = toPublicId("rte", routes[0]!.id);
  ids["events"] = toPublicId("evt", eventId);
  ids["deliveries"] = toPublicId("dlv", deliveryIds[0]!);
  ids["rejections"] = toPublicId("rej", await recordRejection(gateway.db, sources[0]!));
  await gateway.db.run(raiseLoops, [
    [sources[0]!.id],
    ["rejection"],
    ["0".repeat(64)],
    ["refused"],
    ["missing_header"],
    [3],
    [new Date()],
    [new Date()],
  ]);
  const compared = { name: "c", source: "s", connector: { kind: "stripe" }, secret: "rk_live_1", eventTypes: ["*"] };
  await gateway.call("POST", "/reconciliations", compared);
  const run = (await gateway.call("POST", "/reconciliations/c/runs", {})).body as Record<string, string>;
  ids["reconciliations"] = run["reconciliationId"]!;
  ids["reconciliation-runs"] = run["id"]!;
  const chat = { name: "chat", kind: "slack", url: "https://hooks.slack.example/services/T0/B0/x" };
  ids["alerts"] = ((await gateway.call("POST", "/alerts/channels", chat)).body as { id: string }).id;
  const keys = (await gateway.call("GET", "/keys")).body as { items: { id: string }[] };
  ids["keys"] = keys.items[0]!.id;
  const plan = (await gateway.call("POST", "/replays", { sources: ["s"] })).body as { token?: string };
  const replay = (await gateway.call("POST", "/replays/run", { token: plan.token })).body as { id: string };
  ids["replays"] = replay.id;
  await gateway.call("POST", "/throttles", { source: "s", action: "refuse", minutes: 5 });
  ids["throttles"] = `source.${ids["sources"]}`;
  const person = { email: "ada@example.com", password: "seven herons over the weir" };
  ids["people"] = ((await gateway.call("POST", "/people", person)).body as { id: string }).id;
});
afterAll(() => gateway.close());

/** The answer without what names the request or the id that was asked for. */
function toComparable(answer: Answer, id: string): string {
  const { id: requestId, ...problem } = answer.body as Record<string, unknown>;
  return `${answer.status} ${JSON.stringify(problem).replaceAll(id, "ID")} ${typeof requestId}`;
}

describe("another tenant's key", () => {
  it("finds nothing of ours by any operation, with the very answer that a thing which never was gets", async () => {
    for (const { method, path } of adminOperations.filter((operation) => operation.path.includes("{id}"))) {
      const noun = path.split("/")[1]!;
      const id = ids[noun]!;
      const missing = `${id.slice(0, 8)}${"0".repeat(id.length - 8)}`;
      const body = BODIES[`${method} ${path}`];
      const ask = (asked: string): Promise<Answer> =>
        gateway.call(method.toUpperCase(), path.replace("{id}", asked), body, foreignKey);
      const ours = await ask(id);
      expect([method, path, ours.status]).toEqual([method, path, 404]);
      expect(toComparable(ours, id)).toBe(toComparable(await ask(missing), missing));
    }
    expect((await gateway.call("GET", `/deliveries/${ids["deliveries"]!}`)).body).toMatchObject({
      state: "dead",
      retriedAs: null,
    });
  });

  it("finds a delivery of ours neither while it waits nor when it is dead, and cannot hasten it", async () => {
    const [source] = gateway.catalog().sources.filter(({ tenant }) => tenant === "default");
    const [destination] = gateway.catalog().destinations.filter(({ tenant }) => tenant === "default");
    const { deliveryIds } = await recordOne(gateway.db, {
      sourceId: source!.id,
      destinationIds: [destination!.id],
      providerId: "evt_waiting",
    });
    const answered = { kind: "answered", status: 500, retryAfterMs: null } as const;
    await tryOnce(gateway.db, deliveryIds[0]!, answered, { to: "scheduled", waitMs: 3_600_000 });
    const path = `/deliveries/${toPublicId("dlv", deliveryIds[0]!)}`;
    expect((await gateway.call("GET", path, undefined, foreignKey)).status).toBe(404);
    expect((await gateway.call("POST", `${path}/retry`, undefined, foreignKey)).status).toBe(404);
    expect((await gateway.call("GET", path)).body).toMatchObject({ state: "scheduled" });
  });

  it("sees empty lists, finds no name and no provider's id, and counts nothing of ours", async () => {
    for (const path of [
      "/sources",
      "/destinations",
      "/routes",
      "/events",
      "/deliveries",
      "/deliveries?state=dead",
      "/dead-letters",
      "/rejections",
      "/loops",
      "/reconciliations",
      "/alerts/channels",
      "/reconciliation-runs",
    ]) {
      expect([path, ((await gateway.call("GET", path)).body as { items: unknown[] }).items.length > 0]).toEqual([
        path,
        true,
      ]);
      const answer = await gateway.call("GET", path, undefined, foreignKey);
      expect([path, (answer.body as { items: unknown[] }).items]).toEqual([path, []]);
    }
    expect((await gateway.call("GET", "/sources/s", undefined, foreignKey)).status).toBe(404);
    expect(
      (await gateway.call("GET", `/deliveries?event=${ids["events"]!}`, undefined, foreignKey)).body,
    ).toMatchObject({ items: [] });
    expect((await gateway.call("GET", "/configuration", undefined, foreignKey)).body).toMatchObject({
      sources: [],
      routes: [],
    });
  });

  it("is told nothing of ours by any operation that names no thing of its own", async () => {
    const looks = adminOperations.filter(({ method, path }) => method === "get" && !path.includes("{"));
    expect(looks.map(({ path }) => path)).toContain("/stream");
    const named = [...Object.values(ids), "d.example.com", "ada@example.com", "hooks.slack.example", '"evt_1"'];
    let told = 0;
    for (const { path } of looks) {
      const ours = (await gateway.call("GET", path)).bytes.toString("utf8");
      const theirs = (await gateway.call("GET", path, undefined, foreignKey)).bytes.toString("utf8");
      if (named.some((name) => ours.includes(name))) told++;
      expect([path, named.filter((name) => theirs.includes(name))]).toEqual([path, []]);
    }
    expect(told).toBeGreaterThan(12);
  });

  it("is told nothing of ours by the stream, not even what it says it has missed", async () => {
    const aborter = new AbortController();
    const headers = { authorization: `Bearer ${foreignKey}`, "last-event-id": ids["events"]! };
    const response = await fetch(`${gateway.url}/api/v1/stream`, { headers, signal: aborter.signal });
    let text = "";
    // The beginning has what was missed; with our own key that is our event.
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      if (text.includes(": open")) break;
    }
    aborter.abort();
    expect(text).not.toContain("data:");
    const own = await fetch(`${gateway.url}/api/v1/stream?after=${ids["events"]!}`, {
      headers: { authorization: `Bearer ${gateway.key}` },
    });
    const { value } = await own.body!.pipeThrough(new TextDecoderStream()).getReader().read();
    expect(value).toContain(`id: ${ids["events"]!}`);
    await own.body?.cancel().catch(() => {});
  });

  it("may use the same names, and joins its own things only (F71, F112)", async () => {
    const made = await gateway.call(
      "POST",
      "/sources",
      { name: "s", provider: "stripe", secrets: ["whsec_a-secret-of-enough-length-0002"] },
      foreignKey,
    );
    expect(made.status).toBe(201);
    const route = await gateway.call("POST", "/routes", { source: "s", destination: "d" }, foreignKey);
    expect((route.body as { faults: { path: string }[] }).faults.map(({ path }) => path)).toEqual(["destination"]);
    const [ours] = gateway.catalog().sources.filter(({ tenant }) => tenant === "default");
    const found = await gateway.call("GET", "/events?providerId=evt_1", undefined, foreignKey);
    expect(found.body).toMatchObject({ items: [] });
    const taken = await gateway.call("PATCH", "/sources/s", { key: ours!.key }, foreignKey);
    expect(taken.status).toBe(422);
  });
});
