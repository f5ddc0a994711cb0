import { afterEach, describe, expect, test } from "vitest";
import { ApiFault } from "../src/api-fault.ts";
import { type Api, createApi } from "../src/create-api.ts";
import { type Reply, type SeenCall, startAdminServer } from "./fakes/admin-server.ts";

const servers: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function serve(reply: (call: SeenCall) => Reply) {
  const server = await startAdminServer(reply);
  servers.push(server);
  return { ...server, api: createApi({ url: server.url, token: "hfk_test" }) };
}

async function faultOf(work: Promise<unknown>): Promise<ApiFault> {
  const fault = await work.catch((error: unknown) => error);
  expect(fault).toBeInstanceOf(ApiFault);
  return fault as ApiFault;
}

describe("a call", () => {
  const calls: [string, (api: Api) => Promise<unknown>, string, unknown?][] = [
    ["sources.get", (api) => api.sources.get("stripe-live"), "GET /api/v1/sources/stripe-live"],
    [
      "sources.create",
      (api) => api.sources.create({ name: "a", provider: "stripe" }),
      "POST /api/v1/sources",
      { name: "a", provider: "stripe" },
    ],
    [
      "sources.update",
      (api) => api.sources.update("src_1", { state: "disabled" }),
      "PATCH /api/v1/sources/src_1",
      { state: "disabled" },
    ],
    ["sources.disable", (api) => api.sources.disable("src_1"), "DELETE /api/v1/sources/src_1"],
    [
      "sources.sign",
      (api) => api.sources.sign("src_1", { bodyBase64: "e30=" }),
      "POST /api/v1/sources/src_1/sign",
      { bodyBase64: "e30=" },
    ],
    ["sources.sendTest", (api) => api.sources.sendTest("src_1"), "POST /api/v1/sources/src_1/test-event", {}],
    ["providers", (api) => api.providers(), "GET /api/v1/providers"],
    ["rates.byMinute", (api) => api.rates.byMinute({ minutes: 5 }), "GET /api/v1/rates?minutes=5"],
    ["rates.bySource", (api) => api.rates.bySource(), "GET /api/v1/rates/sources"],
    ["rates.byDestination", (api) => api.rates.byDestination(), "GET /api/v1/rates/destinations"],
    ["secrets.list", (api) => api.secrets.list("stripe"), "GET /api/v1/sources/stripe/secrets"],
    [
      "secrets.add",
      (api) => api.secrets.add("stripe", { value: "whsec_x" }),
      "POST /api/v1/sources/stripe/secrets",
      { value: "whsec_x" },
    ],
    [
      "secrets.promote",
      (api) => api.secrets.promote("stripe", "a/b", { overlapHours: 1 }),
      "POST /api/v1/sources/stripe/secrets/a%2Fb/promote",
      { overlapHours: 1 },
    ],
    [
      "secrets.retire",
      (api) => api.secrets.retire("stripe", "v1"),
      "POST /api/v1/sources/stripe/secrets/v1/retire",
      {},
    ],
    ["secrets.reseal", (api) => api.secrets.reseal(), "POST /api/v1/secrets/reseal"],
    ["loops.page", (api) => api.loops.page({ source: "stripe" }), "GET /api/v1/loops?source=stripe"],
    ["destinations.page", (api) => api.destinations.page({ limit: 2 }), "GET /api/v1/destinations?limit=2"],
    [
      "destinations.signingSecret",
      (api) => api.destinations.signingSecret("dst_1"),
      "GET /api/v1/destinations/dst_1/signing-secret",
    ],
    ["routes.page", (api) => api.routes.page(), "GET /api/v1/routes"],
    [
      "events.page",
      (api) => api.events.page({ source: "a b", type: "x&y=z", cursor: "c/+" }),
      "GET /api/v1/events?source=a+b&type=x%26y%3Dz&cursor=c%2F%2B",
    ],
    ["events.get", (api) => api.events.get("evt_1"), "GET /api/v1/events/evt_1"],
    ["events.raw", (api) => api.events.raw("evt_1"), "GET /api/v1/events/evt_1/raw"],
    [
      "deliveries.page",
      (api) => api.deliveries.page({ state: "held", destination: "dst_1" }),
      "GET /api/v1/deliveries?state=held&destination=dst_1",
    ],
    ["deliveries.get", (api) => api.deliveries.get("dlv_1"), "GET /api/v1/deliveries/dlv_1"],
    ["deliveries.retry", (api) => api.deliveries.retry("dlv_1"), "POST /api/v1/deliveries/dlv_1/retry"],
    ["deadLetters.page", (api) => api.deadLetters.page(), "GET /api/v1/dead-letters"],
    ["rejections.page", (api) => api.rejections.page({ source: "src_1" }), "GET /api/v1/rejections?source=src_1"],
    ["rejections.get", (api) => api.rejections.get("rej_1"), "GET /api/v1/rejections/rej_1"],
    ["status", (api) => api.status(), "GET /api/v1/status"],
    [
      "apply",
      (api) => api.apply({ sources: {} }, { dryRun: true }),
      "POST /api/v1/configuration",
      { definition: { sources: {} }, dryRun: true },
    ],
    ["configuration", (api) => api.configuration(), "GET /api/v1/configuration"],
    ["keys.create", (api) => api.keys.create({ name: "ci" }), "POST /api/v1/keys", { name: "ci" }],
    ["keys.revoke", (api) => api.keys.revoke("key_1"), "DELETE /api/v1/keys/key_1"],
    ["get", (api) => api.get("/anything", { a: 1, b: true, c: undefined }), "GET /api/v1/anything?a=1&b=true"],
    ["an id that looks like a path", (api) => api.events.get("../keys?x#y"), "GET /api/v1/events/..%2Fkeys%3Fx%23y"],
  ];
  test.each(calls)("%s goes where the API has it, with the key", async (_name, call, line, body) => {
    const { api, calls: seen } = await serve(() => ({ json: { answered: true } }));
    expect(await call(api)).toEqual({ answered: true });
    const [first] = seen;
    expect(`${first?.method} ${first?.url}`).toBe(line);
    expect(first?.authorization).toBe("Bearer hfk_test");
    expect(first?.body === "" ? undefined : JSON.parse(first?.body ?? "")).toEqual(body);
    expect(first?.contentType).toBe(body === undefined ? undefined : "application/json");
  });

  test("without an id is a mistake that goes nowhere", () => {
    const api = createApi({ url: "http://127.0.0.1:1", token: "t" });
    for (const id of ["", ".", ".."]) expect(() => api.events.get(id)).toThrow(TypeError);
  });

  test("takes the admin URL with or without the path of the API", async () => {
    const { url, calls: seen } = await serve(() => ({ json: {} }));
    for (const base of [url, `${url}/`, `${url}/api/v1`, `${url}/api/v1/`])
      await createApi({ url: base, token: "t" }).status();
    expect(seen.map((call) => call.url)).toEqual(Array.from({ length: 4 }, () => "/api/v1/status"));
  });

  test("gives an event's exact bytes", async () => {
    const { api } = await serve((call) => ({
      text: call.url === "/api/v1/events/evt_1/raw?part=body" ? "{ raw }" : "wrong",
    }));
    expect(Buffer.from(await api.events.body("evt_1")).toString()).toBe("{ raw }");
  });

  test("asks beside the API whether the gateway is ready, with no key, and takes 503 for an answer", async () => {
    const unready = { ok: false, reasons: ["database unreachable: connect ECONNREFUSED"] };
    const { api, calls: seen } = await serve(() => ({ status: 503, json: unready }));
    expect(await api.readiness()).toEqual(unready);
    expect(seen).toMatchObject([{ method: "GET", url: "/readyz", authorization: undefined }]);
  });

  test("may be answered with nothing", async () => {
    const { api } = await serve(() => ({ status: 204, text: "" }));
    expect(await api.delete("/keys/key_1")).toBeNull();
  });
});

describe("a list", () => {
  test("is read page by page, no further than it is asked for", async () => {
    const pages: Record<string, unknown> = {
      "/api/v1/events?type=x": { items: [1, 2], nextCursor: "p2" },
      "/api/v1/events?type=x&cursor=p2": { items: [3], nextCursor: "p3" },
      "/api/v1/events?type=x&cursor=p3": { items: [], nextCursor: null },
    };
    const { api, calls } = await serve(({ url }) => ({ json: pages[url] }));
    const all: unknown[] = [];
    for await (const item of api.events.all({ type: "x" })) all.push(item);
    expect(all).toEqual([1, 2, 3]);
    expect(calls).toHaveLength(3);
    for await (const item of api.events.all({ type: "x" })) if (item !== undefined) break;
    expect(calls).toHaveLength(4);
  });

  test("ends when a server gives the same cursor again", async () => {
    const { api, calls } = await serve(() => ({ json: { items: [1], nextCursor: "same" } }));
    const all: unknown[] = [];
    for await (const item of api.deadLetters.all()) all.push(item);
    expect(all).toEqual([1, 1]);
    expect(calls).toHaveLength(2);
  });
});

describe("a change", () => {
  test("is held against the ETag of what was read, where one is given", async () => {
    const { api, calls } = await serve(() => ({ json: { name: "billing" }, headers: { etag: '"a"' } }));
    const { value, tag } = await api.getTagged("/destinations/billing");
    expect([value, tag]).toEqual([{ name: "billing" }, '"a"']);
    await api.patch("/destinations/billing", { concurrency: 3 }, { ifMatch: '"a"' });
    await api.patch("/destinations/billing", { concurrency: 4 });
    expect(calls.map(({ ifMatch }) => ifMatch)).toEqual([undefined, '"a"', undefined]);
    const { api: untagged } = await serve(() => ({ json: {} }));
    expect((await untagged.getTagged("/status")).tag).toBeNull();
  });
});

describe("a call that does not succeed", () => {
  test("throws the problem as the API tells it", async () => {
    const problem = {
      type: "urn:holdfast:fault:invalid_input",
      title: "The input is not valid",
      status: 422,
      id: "req_1",
      detail: "two faults",
      faults: [{ path: "routes[0].source", problem: "is not declared" }],
    };
    const { api } = await serve(() => ({
      status: 422,
      json: problem,
      headers: { "content-type": "application/problem+json" },
    }));
    const fault = await faultOf(api.apply({}));
    expect({ ...fault }).toMatchObject({ ...problem });
    expect(fault.code).toBe("invalid_input");
    expect(fault.message).toBe("The input is not valid: two faults");
  });

  test.each([
    ["a page of a proxy", 502, "<html>Bad Gateway</html>"],
    ["nothing", 500, ""],
    ["JSON of another kind", 404, '"no"'],
    ["a null", 404, "null"],
  ])("says so when the answer is %s", async (_name, status, text) => {
    const { api } = await serve(() => ({ status, text }));
    expect(await faultOf(api.status())).toMatchObject({ status, code: "not_understood", id: null, faults: [] });
  });

  test("does not take a success that is not JSON for one", async () => {
    const { api } = await serve(() => ({ text: "<html>a login page</html>" }));
    expect(await faultOf(api.status())).toMatchObject({ code: "not_understood" });
  });

  test("does not take what somebody else says of being ready for a gateway's word", async () => {
    for (const text of ["<html>Bad Gateway</html>", "null", '{"ok":"yes","reasons":[]}', '{"ok":true}']) {
      const { api } = await serve(() => ({ status: 503, text }));
      expect([text, await faultOf(api.readiness())]).toMatchObject([text, { code: "not_understood" }]);
    }
  });

  test("never follows a redirect with the key", async () => {
    const { url: elsewhere, calls } = await serve(() => ({ json: {} }));
    const { api } = await serve(() => ({ status: 307, text: "", headers: { location: `${elsewhere}/api/v1/status` } }));
    expect(await faultOf(api.status())).toMatchObject({ code: "unreachable", status: 0 });
    expect(calls).toEqual([]);
  });

  test("names the cause when there is no answer, and keeps the key to itself", async () => {
    const { url, close } = await startAdminServer(() => ({}));
    await close();
    const fault = await faultOf(createApi({ url, token: "hfk_secret" }).status());
    expect(fault).toMatchObject({ code: "unreachable", status: 0, detail: expect.stringContaining("ECONNREFUSED") });
    expect(fault.title).toContain(url);
    expect(JSON.stringify(fault) + fault.message).not.toContain("hfk_secret");
  });
});
