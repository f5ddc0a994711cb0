import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { runCli } from "../support/cli.ts";
import { testFolder } from "../support/folder.ts";
import type { Definition, IngestGateway } from "../support/ingest-gateway.ts";
import { PAYMENTS, post, startIngestGateway, stripeEvent, until } from "../support/ingest-gateway.ts";

/** Fine before filters were bounded by what an event may cost; it would not be taken today. */
const COSTLY = "event.body.title.contains(event.body.keyword)";
const OTHER = "event.body.items.exists(i, i.sku in event.body.allowed)";
const secretKey = randomBytes(32).toString("base64");
let gateway: IngestGateway;

const withFilter = (more: Definition, name = "payments-billing"): Definition => ({
  ...PAYMENTS,
  routes: [{ name, source: "payments", destination: "billing", ...more }],
});

/** A database on which an older version has stored a route with that filter, and a gateway that starts on it. */
beforeAll(async () => {
  const older = await startIngestGateway({ content: { ...withFilter({}), secretKey } });
  await older.query("update holdfast.route set policy = policy || jsonb_build_object('when', $1::text)", [COSTLY]);
  await older.stop();
  gateway = await startIngestGateway({
    database: older.database,
    content: { ...withFilter({ when: COSTLY }), secretKey },
  });
});
afterAll(() => gateway.close());

async function ask(method: string, path: string, body: unknown) {
  const response = await fetch(`${gateway.adminUrl}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${gateway.gateway.adminToken}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return { status: response.status, text: await response.text() };
}

const apply = (definition: Definition) => ask("POST", "/configuration", { definition });

async function deliveriesOf(id: string, body: Definition): Promise<number> {
  expect((await post(gateway.url, stripeEvent(id, body))).status).toBe(200);
  const found = await gateway.query(
    "select 1 from holdfast.delivery d join holdfast.event e on e.id = d.event_id where e.provider_event_id = $1",
    [id],
  );
  return found.length;
}

it("a filter that an older version took goes on as it did, and the log names it once", async () => {
  expect(await deliveriesOf("evt_meant", { title: "a big order", keyword: "big" })).toBe(1);
  expect(await deliveriesOf("evt_other", { title: "a big order", keyword: "small" })).toBe(0);
  const lines = gateway.logged.filter((line) => line.includes("payments-billing") && line.includes("literal only"));
  expect(lines).toHaveLength(1);
});

it("it may stand in what is applied as long as it stays as it is; a new or a changed one is refused", async () => {
  expect(await apply(withFilter({ when: COSTLY, priority: "high" }))).toMatchObject({ status: 200 });
  for (const refused of [withFilter({ when: OTHER }), withFilter({ when: COSTLY }, "another")]) {
    const { status, text } = await apply(refused);
    expect([status, text]).toEqual([422, expect.stringContaining('"routes[0].when"')]);
    expect(text).toContain("is not a usable filter at character");
  }
  expect(await deliveriesOf("evt_after", { title: "one", keyword: "one" })).toBe(1);
});

it("a start whose file declares a new one is refused, and says where", async () => {
  const start = startIngestGateway({
    database: gateway.database,
    content: { ...withFilter({ when: OTHER }), secretKey },
  });
  await expect(start).rejects.toThrow(/routes\[0\]\.when: is not a usable filter at character \d+: /);
});

it("the doctor says of a new one what the start would, and where; of one that the gateway has it says nothing", async () => {
  const cwd = testFolder();
  const there = ["--url", gateway.adminUrl, "--token", gateway.gateway.adminToken!];
  const examine = async (when: string, flags: readonly string[]) => {
    const { sources, destinations, routes } = withFilter({ when });
    const declared = JSON.stringify({ sources, destinations, routes });
    writeFileSync(join(cwd, "holdfast.config.mjs"), `export default ${declared};\n`);
    const { code, stdout } = await runCli(["doctor", "--json", ...flags], { cwd });
    const { findings } = JSON.parse(stdout) as { findings: { check: string; ok: boolean; found: string }[] };
    const found = findings.filter(({ check }) => check === "configuration");
    return { code, found: found.map((one) => [one.ok, one.found]) };
  };
  const valid = [true, expect.stringMatching(/holdfast\.config\.mjs is valid$/)];
  const refused = [false, expect.stringMatching(/^routes\[0\]\.when is not a usable filter at character \d+: /)];
  expect((await examine(COSTLY, there)).found).toEqual([valid]);
  expect(await examine(OTHER, there)).toEqual({ code: 1, found: [refused] });
  // Without a gateway it is new to whichever takes it.
  expect(await examine(COSTLY, [])).toEqual({ code: 1, found: [refused] });
  expect((await examine("event.type == 'a'", [])).found).toEqual([valid]);
});

it("the route's other fields are changed through the API without a word of the filter", async () => {
  await gateway.query("update holdfast.route set origin = 'api'");
  await gateway.query("update holdfast.setting set value = (value::bigint + 1)::text where name = 'catalog_version'");
  const change = (body: Definition) => ask("PATCH", "/routes/payments-billing", body);
  await until(async () => (await change({ priority: "low" })).status === 200);
  expect((await change({ when: COSTLY })).status).toBe(200);
  expect(await change({ when: OTHER })).toMatchObject({ status: 422 });
});
