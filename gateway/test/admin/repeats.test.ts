import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { someoneWaits } from "../support/database.ts";
import type { AdminGateway } from "../support/admin-gateway.ts";
import { startAdminGateway } from "../support/admin-gateway.ts";
import { until } from "../support/embedded.ts";

let gateway: AdminGateway;

beforeAll(async () => {
  gateway = await startAdminGateway();
  await gateway.call("POST", "/destinations", { name: "d", url: "https://d.example.com/" });
});
afterAll(() => gateway.close());

async function send(
  method: string,
  path: string,
  headers: Record<string, string>,
  body?: object,
  key: string = gateway.key,
) {
  const response = await fetch(`${gateway.url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json", ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Record<string, unknown>,
  };
}

const makeKey = (idempotencyKey: string, name: string, as?: string) =>
  send("POST", "/keys", { "idempotency-key": idempotencyKey }, { name }, as);

const typeOf = ({ status, body }: { status: number; body: Record<string, unknown> }) => [status, body["type"]];

describe("a change with an Idempotency-Key", () => {
  it("is made once, and answered the same again", async () => {
    const first = await makeKey("a", "once");
    const again = await makeKey("a", "once");
    expect([first.status, again.status]).toEqual([201, 201]);
    expect(again.body).toEqual(first.body);
    expect([first.headers.get("idempotency-replayed"), again.headers.get("idempotency-replayed")]).toEqual([
      null,
      "true",
    ]);
    const { rows } = await gateway.db.pool.query("SELECT 1 FROM holdfast.api_key WHERE name = 'once'");
    expect(rows.length).toBe(1);
  });

  it("is made once of many that come at the same moment; the others are told to wait", async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, () => makeKey("b", "racing")));
    const { rows } = await gateway.db.pool.query("SELECT 1 FROM holdfast.api_key WHERE name = 'racing'");
    expect(rows.length).toBe(1);
    const others = answers.filter(({ status }) => status !== 201);
    for (const other of others) expect(typeOf(other)).toEqual([409, "urn:holdfast:fault:request_under_way"]);
    expect((await makeKey("b", "racing")).status).toBe(201);
  });

  it("is not taken for another: another body, path or caller", async () => {
    await makeKey("c", "first");
    expect(typeOf(await makeKey("c", "second"))).toEqual([422, "urn:holdfast:fault:idempotency_key_reused"]);
    const elsewhere = await send("POST", "/session/links", { "idempotency-key": "c" });
    expect(typeOf(elsewhere)).toEqual([422, "urn:holdfast:fault:idempotency_key_reused"]);
    const another = await gateway.keyOf("other");
    expect((await makeKey("c", "second", another)).status).toBe(201);
  });

  it("may be sent again when it was refused, and counts anew after a day", async () => {
    expect((await makeKey("d", "")).status).toBe(422);
    expect((await makeKey("d", "mended")).status).toBe(201);
    await gateway.db.pool.query("UPDATE holdfast.kept_answer SET expires_at = now() WHERE idempotency_key = 'd'");
    expect((await makeKey("d", "next day")).body["name"]).toBe("next day");
    expect((await makeKey("ä".repeat(2), "x").catch(() => ({ status: 422 }))).status).toBe(422);
    expect((await makeKey("x".repeat(256), "x")).status).toBe(422);
  });

  it("keeps no answer in the clear", async () => {
    const made = await makeKey("e", "secret");
    const { rows } = await gateway.db.pool.query("SELECT encode(sealed, 'escape') AS text FROM holdfast.kept_answer");
    expect(JSON.stringify(rows)).not.toContain(String(made.body["key"]));
    expect(JSON.stringify(rows)).not.toContain("hfk_");
  });
});

describe("a change with If-Match", () => {
  it("is made on what was seen, and refused when somebody changed it meanwhile", async () => {
    const seen = (await send("GET", "/destinations/d", {})).headers.get("etag")!;
    expect(seen).toMatch(/^"[\w-]{22}"$/);
    const mine = await send("PATCH", "/destinations/d", { "if-match": seen }, { state: "paused" });
    expect(mine.status).toBe(200);
    const next = mine.headers.get("etag")!;
    expect(next).not.toBe(seen);
    const late = await send("PATCH", "/destinations/d", { "if-match": seen }, { state: "active" });
    expect(typeOf(late)).toEqual([412, "urn:holdfast:fault:precondition_failed"]);
    expect((await send("GET", "/destinations/d", {})).body["state"]).toBe("paused");
    expect((await send("PATCH", "/destinations/d", { "if-match": `"x", ${next}` }, { state: "active" })).status).toBe(
      200,
    );
    expect((await send("PATCH", "/destinations/d", { "if-match": "*" }, { state: "paused" })).status).toBe(200);
  });

  it("is held against the tag that was sent, also where a proxy that compresses has made it weak", async () => {
    const seen = (await send("GET", "/destinations/d", {})).headers.get("etag")!;
    const mine = await send("PATCH", "/destinations/d", { "if-match": `W/"x", W/${seen}` }, { state: "active" });
    expect(mine.status).toBe(200);
    const late = await send("PATCH", "/destinations/d", { "if-match": `W/${seen}` }, { state: "paused" });
    expect(typeOf(late)).toEqual([412, "urn:holdfast:fault:precondition_failed"]);
  });

  it("of two at the same moment one wins", async () => {
    const seen = (await send("GET", "/destinations/d", {})).headers.get("etag")!;
    const both = await Promise.all(
      ["https://one.example.com/", "https://two.example.com/"].map((url) =>
        send("PATCH", "/destinations/d", { "if-match": seen }, { url }),
      ),
    );
    expect(both.map(({ status }) => status).toSorted()).toEqual([200, 412]);
  });

  it("holds for a source's secrets: what was seen before a rotation rotates nothing", async () => {
    const secrets = ["whsec_a-secret-of-enough-length"];
    await gateway.call("POST", "/sources", { name: "rotated", provider: "stripe", secrets });
    const path = "/sources/rotated/secrets";
    const seen = (await send("GET", path, {})).headers.get("etag")!;
    const added = await send("POST", path, { "if-match": seen }, { value: "whsec_another-of-enough-length" });
    expect(added.status).toBe(201);
    const next = added.headers.get("etag")!;
    expect(next).not.toBe(seen);
    for (const [step, body] of [
      ["", { value: "whsec_a-third-one-of-enough-length" }],
      ["/v2/promote", {}],
      ["/v2/retire", { force: true }],
    ] as const) {
      const late = await send("POST", `${path}${step}`, { "if-match": seen }, body);
      expect(typeOf(late)).toEqual([412, "urn:holdfast:fault:precondition_failed"]);
    }
    const { items } = (await send("GET", path, {})).body as { items: { version: string; state: string }[] };
    expect(items.map(({ version, state }) => `${version} ${state}`)).toEqual(["v1 active", "v2 pending"]);
    expect((await send("POST", `${path}/v2/promote`, { "if-match": next }, {})).status).toBe(200);
  });

  it("is held against the tag of what was shown, though the thing is changed while it is read", async () => {
    const secrets = ["whsec_a-secret-of-enough-length"];
    await gateway.call("POST", "/sources", { name: "tagged", provider: "stripe", secrets });
    await gateway.call("POST", "/destinations", { name: "tagged", url: "https://tagged.example.com/" });
    await gateway.call("POST", "/routes", { source: "tagged", destination: "tagged", name: "tagged" });
    const other = await gateway.db.pool.connect();
    await other.query("BEGIN");
    await other.query("LOCK TABLE holdfast.route_fault IN ACCESS EXCLUSIVE MODE");
    const reading = send("GET", "/routes/tagged", {});
    await until(() => someoneWaits(gateway.db, { relation: "holdfast.route_fault" }));
    const changed = await send("PATCH", "/routes/tagged", {}, { eventTypes: ["invoice.*"] });
    await other.query("ROLLBACK");
    other.release();

    const read = await reading;
    expect([changed.status, read.status, read.body["eventTypes"]]).toEqual([200, 200, ["*"]]);
    const late = await send("PATCH", "/routes/tagged", { "if-match": read.headers.get("etag")! }, { priority: "high" });
    expect(typeOf(late)).toEqual([412, "urn:holdfast:fault:precondition_failed"]);
    const next = { "if-match": changed.headers.get("etag")! };
    expect((await send("PATCH", "/routes/tagged", next, { priority: "high" })).status).toBe(200);
  });

  it("holds for the configuration as a whole, and says so where there is no ETag", async () => {
    const seen = (await send("GET", "/configuration", {})).headers.get("etag")!;
    await gateway.call("POST", "/sources", {
      name: "s",
      provider: "stripe",
      secrets: ["whsec_a-secret-of-enough-length"],
    });
    const definition = { sources: {}, destinations: { d: { url: "https://d.example.com/" } }, routes: [] };
    const late = await send("POST", "/configuration", { "if-match": seen }, { definition });
    expect(late.status).toBe(412);
    expect((await send("DELETE", "/sources/s", { "if-match": seen })).status).toBe(412);
    const now = (await send("GET", "/sources/s", {})).headers.get("etag")!;
    expect((await send("DELETE", "/sources/s", { "if-match": now })).status).toBe(200);
    expect((await send("POST", "/keys", { "if-match": now }, { name: "x" })).status).toBe(412);
  });
});

describe("the OpenAPI document", () => {
  interface Described {
    readonly parameters?: readonly { readonly in: string; readonly name: string }[];
    readonly responses: Readonly<Record<string, { readonly headers?: Readonly<Record<string, object>> }>>;
  }
  const describeAll = async () => {
    const answer = await fetch(`${gateway.url}/api/v1/openapi.json`);
    const { paths } = (await answer.json()) as { paths: Record<string, Record<string, Described>> };
    return (method: string, path: string) => paths[`/api/v1${path}`]![method]!;
  };
  const headersOf = ({ parameters = [] }: Described) =>
    parameters.filter((one) => one.in === "header").map(({ name }) => name);
  const answeredBy = ({ responses }: Described, status: number) => Object.keys(responses[status]?.headers ?? {});

  it("has the headers that operations take and answer with", async () => {
    const described = await describeAll();
    const [make, show, change, look] = [
      described("post", "/keys"),
      described("get", "/destinations/{id}"),
      described("patch", "/destinations/{id}"),
      described("get", "/events"),
    ];
    expect([make, show, change, look].map(headersOf)).toEqual([["Idempotency-Key"], [], ["If-Match"], []]);
    expect(headersOf(described("post", "/sources/{id}/secrets"))).toEqual(["Idempotency-Key", "If-Match"]);
    expect(headersOf(described("post", "/session"))).toEqual([]);
    expect([answeredBy(make, 201), answeredBy(show, 200), answeredBy(change, 200), answeredBy(look, 200)]).toEqual([
      ["Idempotency-Replayed"],
      ["ETag"],
      ["ETag"],
      [],
    ]);
    expect(answeredBy(look, 503)).toEqual(["Retry-After"]);
    expect(answeredBy(described("post", "/session"), 429)).toEqual(["Retry-After"]);
  });

  it("has the answers to a body that is no JSON, too large or of another type, and to what was changed meanwhile", async () => {
    const described = await describeAll();
    const post = async (body: string, type = "application/json") => {
      const headers = { authorization: `Bearer ${gateway.key}`, "content-type": type };
      return (await fetch(`${gateway.url}/api/v1/keys`, { method: "POST", headers, body })).status;
    };
    const refused = [await post('{"name":'), await post("x".repeat(1_100_000)), await post("name=x", "text/plain")];
    expect(refused).toEqual([400, 413, 415]);
    const { status } = await send("PATCH", "/destinations/d", { "if-match": '"old"' }, { state: "active" });
    expect(Object.keys(described("post", "/keys").responses).map(Number)).toEqual(expect.arrayContaining(refused));
    expect(Object.keys(described("patch", "/destinations/{id}").responses)).toContain(String(status));
    expect(Object.keys(described("get", "/events").responses)).toEqual(["200", "401", "403", "422", "503"]);
  });
});
