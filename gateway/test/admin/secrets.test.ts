import { randomBytes } from "node:crypto";
import { sign, verify } from "@holdfast/verify";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { checkDefinition } from "../../src/domain/definition.ts";
import { applyDefinition } from "../../src/pipeline/apply-definition.ts";
import { indexCatalog } from "../../src/pipeline/catalog-index.ts";
import { retireEnded } from "../../src/pipeline/change-secrets.ts";
import { definitionCheckers } from "../../src/pipeline/definition-checkers.ts";
import { silentLog } from "../../src/platform/log.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { createSecretsBox } from "../../src/platform/secrets-box.ts";
import { addSecretUsage } from "../../src/store/catalog/secret-usage.ts";
import { loadCatalog } from "../../src/store/catalog/load-catalog.ts";
import { createSecretUsage } from "../../src/engine/secret-usage.ts";
import type { AdminGateway, Answer } from "../support/admin-gateway.ts";
import { startAdminGateway } from "../support/admin-gateway.ts";

const FIRST = "whsec_a-secret-of-enough-length-0001";
const SECOND = "whsec_a-secret-of-enough-length-0002";
const HOUR = 3_600_000;
let gateway: AdminGateway;
let made = 0;
/** The name of a fresh source with one active version, v1. */
let name: string;

beforeAll(async () => {
  gateway = await startAdminGateway();
});
afterAll(() => gateway.close());
beforeEach(async () => {
  name = `source-${++made}`;
  await gateway.call("POST", "/sources", { name, provider: "stripe", secrets: [FIRST] });
});

interface Shown {
  readonly version: string;
  readonly state: string;
  readonly notAfter: string | null;
  readonly uses: number;
  readonly safeToRetire: { readonly safe: boolean; readonly reason: string };
}

const call = (method: string, path: string, body?: unknown): Promise<Answer> =>
  gateway.call(method, `/sources/${name}/secrets${path}`, body);
const shown = (answer: Answer): readonly Shown[] => (answer.body as { items: Shown[] }).items;
const states = (answer: Answer): readonly string[] => shown(answer).map(({ version, state }) => `${version} ${state}`);
const detailOf = (answer: Answer): string => String((answer.body as { detail?: unknown }).detail);
const sourceId = (): string => gateway.catalog().sources.find((source) => source.name === name)!.id;

/** As if an arrival had been verified by the version. */
async function use(version: string, at: Date): Promise<void> {
  await gateway.db.run(addSecretUsage, [[sourceId()], [version], [1], [at], [at]]);
}

/** The version that verifies what this secret signs, or why nothing does. */
function verdictFor(secret: string, now = new Date()): string | null {
  const ready = indexCatalog(gateway.catalog()).findSource(
    gateway.catalog().sources.find((source) => source.name === name)!.key,
  )!;
  const unsigned = { method: "POST", url: "/", headers: [], body: Buffer.from("{}") };
  const headers = sign({ provider: "stripe", receiver: { secrets: [secret] }, request: unsigned, now });
  const request = { ...unsigned, headers };
  const verdict = verify({ provider: "stripe", receiver: ready.receiver, request, now });
  return verdict.ok ? verdict.secretVersion : verdict.reason;
}

describe("a rotation", () => {
  it("adds, promotes, and lets the old one end by itself; its value is never shown, stored or logged", async () => {
    const added = await call("POST", "", { value: SECOND });
    expect([added.status, added.body]).toMatchObject([
      201,
      { version: "v2", state: "pending", readable: true, uses: 0 },
    ]);
    expect([verdictFor(FIRST), verdictFor(SECOND)]).toEqual(["v1", "v2"]);

    const before = Date.now();
    const promoted = await call("POST", "/v2/promote", { overlapHours: 24 });
    expect(states(promoted)).toEqual(["v2 active", "v1 retiring"]);
    const end = Date.parse(shown(promoted)[1]!.notAfter!);
    expect(end).toBeGreaterThanOrEqual(before + 24 * HOUR);
    expect(end).toBeLessThanOrEqual(Date.now() + 24 * HOUR);
    expect([verdictFor(FIRST, new Date(end)), verdictFor(FIRST, new Date(end + 1))]).toEqual(["v1", "secret_expired"]);

    const later = { now: () => new Date(end + 1), monotonicMs: systemClock.monotonicMs };
    expect(await retireEnded({ db: gateway.db, clock: { ...later, now: () => new Date(end) } })).toBe(0);
    expect(await retireEnded({ db: gateway.db, clock: later })).toBe(1);
    const ended = await call("GET", "");
    expect(states(ended)).toEqual(["v2 active", "v1 retired"]);
    expect((ended.body as { items: { retiredAt: string }[] }).items[1]!.retiredAt).toBe(new Date(end).toISOString());

    const dump = JSON.stringify((await gateway.db.pool.query("SELECT * FROM holdfast.secret_version")).rows);
    const text =
      [added, promoted, ended].map(({ bytes }) => bytes.toString()).join("") + gateway.logged.join("") + dump;
    for (const secret of [FIRST, SECOND]) {
      expect(text).not.toContain(secret);
      expect(text).not.toContain(Buffer.from(secret).toString("hex"));
    }
  });

  it("has 24 hours of overlap when nothing is said, and takes 0 to 168", async () => {
    await call("POST", "", { value: SECOND });
    expect((await call("POST", "/v2/promote", { overlapHours: 168.1 })).status).toBe(422);
    expect((await call("POST", "/v2/promote", { overlapHours: -1 })).status).toBe(422);
    const promoted = await call("POST", "/v2/promote");
    expect(Date.parse(shown(promoted)[1]!.notAfter!) - Date.now()).toBeGreaterThan(24 * HOUR - 60_000);
    const back = await call("POST", "/v1/promote", { overlapHours: 0 });
    expect(states(back)).toEqual(["v1 active", "v2 retiring"]);
    expect(verdictFor(SECOND, new Date(Date.parse(shown(back)[1]!.notAfter!) + 1))).toBe("secret_expired");
  });

  it("is seen by other processes: the catalog's version moves with every step", async () => {
    const version = async (): Promise<number> => (await loadCatalog(gateway.db, gateway.box)).version;
    const seen = [await version()];
    for (const [path, body] of [
      ["", { value: SECOND }],
      ["/v2/promote", {}],
      ["/v1/retire", { force: true }],
    ] as const) {
      await call("POST", path, body);
      seen.push(await version());
    }
    expect(seen.map((one) => one - seen[0]!)).toEqual([0, 1, 2, 3]);
  });

  it("keeps a pending version pending when another field of the source is changed", async () => {
    await call("POST", "", { value: SECOND });
    await gateway.call("PATCH", `/sources/${name}`, { bodyBytesMax: 2_000_000 });
    expect(states(await call("GET", ""))).toEqual(["v1 active", "v2 pending"]);
  });

  it("of which many are asked for at once makes each version once", async () => {
    const answers = await Promise.all(
      Array.from({ length: 5 }, (_, i) => call("POST", "", { value: `${SECOND}-${i}` })),
    );
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201, 201]);
    expect(states(await call("GET", ""))).toEqual(["v1 active", ...[2, 3, 4, 5, 6].map((n) => `v${n} pending`)]);
  });
});

describe("adding is refused, with what to do,", () => {
  it.each([
    ["without a value", {}, "value"],
    ["with a value and generate", { value: SECOND, generate: true }, "value"],
    ["for a secret that is live already", { value: FIRST }, "value"],
    ["for a short secret", { value: "short" }, "value"],
    ["for what the API shows in place of secrets", { value: " " }, "value"],
    ["for a generated one where the provider makes it", { generate: true }, "generate"],
    ["for a name that no version may have", { value: SECOND, version: "a b" }, "version"],
  ])("%s", async (_what, body, path) => {
    const answer = await call("POST", "", body);
    expect(answer.status).toBe(422);
    expect((answer.body as { faults: { path: string }[] }).faults.map((fault) => fault.path)).toEqual([path]);
    expect(answer.bytes.toString()).not.toContain(SECOND);
    expect(states(await call("GET", ""))).toEqual(["v1 active"]);
  });

  it("for the eleventh that would verify (F98)", async () => {
    for (let i = 0; i < 9; i++) expect((await call("POST", "", { value: `${SECOND}-${i}` })).status).toBe(201);
    const answer = await call("POST", "", { value: SECOND });
    expect([answer.status, detailOf(answer)]).toMatchObject([409, expect.stringContaining("retire one first")]);
  });

  it("for a source, a version and a tenant that do not fit", async () => {
    expect((await gateway.call("POST", "/sources/nowhere/secrets", { value: SECOND })).status).toBe(404);
    expect((await call("POST", "/v9/promote", {})).status).toBe(404);
    const other = await gateway.keyOf("acme");
    expect((await gateway.call("GET", `/sources/${name}/secrets`, undefined, other)).status).toBe(404);
    expect((await gateway.call("POST", `/sources/${name}/secrets/v1/retire`, { force: true }, other)).status).toBe(404);
    expect(states(await call("GET", ""))).toEqual(["v1 active"]);
  });

  it("for a source that a configuration file declares; its versions and their use are listed all the same", async () => {
    const checked = checkDefinition(
      { sources: { filed: { provider: "stripe", secrets: [FIRST] } } },
      definitionCheckers({ allowCidrs: [] }),
    );
    if (!checked.ok) throw new Error("the definition is right");
    const deps = { db: gateway.db, box: gateway.box, clock: systemClock, random: (n: number) => randomBytes(n) };
    await applyDefinition(deps, checked.definition, { origin: "file", dryRun: false });
    name = "filed";
    for (const path of ["", "/v1/promote", "/v1/retire"]) {
      const answer = await call("POST", path, path === "" ? { value: SECOND } : {});
      expect([path, answer.status, detailOf(answer)]).toMatchObject([
        path,
        409,
        expect.stringContaining("holdfast apply"),
      ]);
    }
    await gateway.call("POST", "/sources", { name: "wakes-the-catalog", provider: "stripe", secrets: [FIRST] });
    await use("v1", new Date());
    expect(shown(await call("GET", ""))).toMatchObject([{ version: "v1", state: "active", uses: 1 }]);
  });

  it("but for the end of a version whose key is lost: no file ends it", async () => {
    name = "filed";
    const stranger = createSecretsBox({ keys: [{ id: "lost", key: randomBytes(32) }] });
    await gateway.db.pool.query(
      `INSERT INTO holdfast.secret_version (source_id, version, tenant, position, state, sealed, created_at, activated_at)
       SELECT id, 'v2', tenant, 1, 'active', $1, now(), now() FROM holdfast.source WHERE name = 'filed'`,
      [Buffer.from(stranger.seal(Buffer.from(SECOND), "whatever"))],
    );
    expect((await call("POST", "/v2/promote", {})).status).toBe(409);
    expect((await call("POST", "/v2/retire", {})).status).toBe(200);
    expect(states(await call("GET", ""))).toEqual(["v1 active", "v2 retired"]);
  });
});

it("a secret is generated where the provider lets its customer choose, and shown in that answer alone", async () => {
  name = "hub";
  await gateway.call("POST", "/sources", { name, provider: "github", secrets: ["a-secret-of-some-length-for-github"] });
  const added = await call("POST", "", { generate: true, version: "2026-03" });
  const { value } = added.body as { value: string };
  expect([added.status, value]).toMatchObject([201, expect.stringMatching(/^[\w-]{32}$/)]);
  expect((await call("GET", "")).bytes.toString()).not.toContain(value);
  expect(
    gateway
      .catalog()
      .sources.find((source) => source.name === name)
      ?.secrets.map((one) => one.value),
  ).toContain(value);
  expect(gateway.logged.join("")).not.toContain(value);
});

it("the receiver's password is written and never read, and stays when another field changes", async () => {
  name = "mail";
  const fields = { provider: "stripe", secrets: [FIRST], username: "user", password: "a-password-of-the-receiver" };
  const answers = [
    await gateway.call("POST", "/sources", { name, ...fields }),
    await gateway.call("PATCH", `/sources/${name}`, { bodyBytesMax: 2_000_000 }),
    await gateway.call("GET", `/sources/${name}`),
  ];
  for (const answer of answers) {
    expect(answer.body).toMatchObject({ receiver: { username: "user", password: "[redacted]" } });
    expect(answer.bytes.toString()).not.toContain(fields.password);
  }
  const source = gateway.catalog().sources.find((one) => one.name === name);
  expect(source?.receiver).toEqual({ username: "user", password: fields.password });
  const dump = await gateway.db.pool.query("SELECT receiver, sealed_receiver FROM holdfast.source WHERE name = 'mail'");
  expect(JSON.stringify(dump.rows) + gateway.logged.join("")).not.toContain(fields.password);

  // With another master key it cannot be read; a change must not lose it without a word.
  const { rows } = await gateway.db.pool.query<{ sealed_receiver: Record<string, string> }>(
    "UPDATE holdfast.source SET sealed_receiver = $1 WHERE name = 'mail' RETURNING sealed_receiver",
    [JSON.stringify({ password: Buffer.alloc(64, 1).toString("base64") })],
  );
  await gateway.db.pool.query(
    "UPDATE holdfast.setting SET value = (value::int + 1)::text WHERE name = 'catalog_version'",
  );
  const refused = await gateway.call("PATCH", `/sources/${name}`, { bodyBytesMax: 3_000_000 });
  expect([refused.status, refused.body]).toMatchObject([422, { faults: [{ path: "password" }] }]);
  expect((await gateway.call("DELETE", `/sources/${name}`)).body).toMatchObject({
    receiver: { password: "[redacted]" },
  });
  const kept = await gateway.db.pool.query("SELECT sealed_receiver FROM holdfast.source WHERE name = 'mail'");
  expect(kept.rows).toEqual(rows);
});

describe("retiring", () => {
  it("is refused while the version is in use, and for the only one; forced, it is done at once", async () => {
    await call("POST", "", { value: SECOND });
    await call("POST", "/v2/promote", {});
    await use("v1", new Date(Date.now() - HOUR + 60_000));
    const refused = await call("POST", "/v1/retire", {});
    expect([refused.status, detailOf(refused)]).toMatchObject([409, expect.stringContaining("within the last hour")]);
    expect(states(await call("POST", "/v1/retire", { force: true }))).toEqual(["v2 active", "v1 retired"]);
    expect(verdictFor(FIRST)).toBe("signature_mismatch");
    expect(detailOf(await call("POST", "/v2/retire", {}))).toContain("only version that verifies");
  });

  it("is safe as soon as the facts say so, and not before", async () => {
    await call("POST", "", { value: SECOND });
    await call("POST", "/v2/promote", {});
    const safety = async () => shown(await call("GET", "")).map(({ safeToRetire }) => safeToRetire.safe);
    await use("v1", new Date(Date.now() - 2 * HOUR));
    expect(await safety()).toEqual([false, false]);
    await use("v2", new Date(Date.now() - HOUR - 60_000));
    expect(await safety()).toEqual([false, true]);
    expect(states(await call("POST", "/v1/retire", {}))).toEqual(["v2 active", "v1 retired"]);
  });
});

it("use is counted over processes, with its first and its last moment, and names that are no version are passed over", async () => {
  const [first, second] = [0, 1].map(() => createSecretUsage({ db: gateway.db, log: silentLog }));
  const at = (ms: number): Date => new Date(Date.UTC(2026, 2, 4) + ms);
  for (let i = 0; i < 100; i++) (i % 2 === 0 ? first! : second!).note(sourceId(), "v1", at(i));
  first!.note(sourceId(), "kid-of-a-public-key", at(0));
  first!.note(sourceId(), null, at(0));
  await Promise.all([first!.drain(), second!.drain()]);
  expect((await call("GET", "")).body).toMatchObject({
    items: [{ version: "v1", uses: 100, firstUsedAt: at(0).toISOString(), lastUsedAt: at(99).toISOString() }],
  });
});
