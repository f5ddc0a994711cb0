import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { appendAudit } from "../../src/store/access/audit.ts";
import { createApiKey } from "../../src/http/admin/api-keys.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { createRandom } from "../../src/platform/random.ts";
import type { AdminGateway } from "../support/admin-gateway.ts";
import { startAdminGateway } from "../support/admin-gateway.ts";

interface Entry {
  readonly n: number;
  readonly actor: string;
  readonly actorId: string | null;
  readonly action: string;
  readonly target: string | null;
  readonly detail: Record<string, unknown>;
  readonly hash: string;
}

interface Verification {
  readonly intact: boolean;
  readonly entries: number;
  readonly last: { readonly n: number; readonly hash: string } | null;
  readonly broken: { readonly n: number; readonly problem: string } | null;
}

let gateway: AdminGateway;

beforeAll(async () => {
  gateway = await startAdminGateway();
});
afterAll(() => gateway.close());

async function list(query = ""): Promise<Entry[]> {
  return ((await gateway.call("GET", `/audit${query}`)).body as { items: Entry[] }).items;
}

async function verify(query = ""): Promise<Verification> {
  return (await gateway.call("GET", `/audit/verification${query}`)).body as Verification;
}

const newest = async (): Promise<Entry> => (await list("?limit=1"))[0]!;

/** Does something to the database that no gateway does, looks, and puts it back. */
async function tampered(sql: string, undo: string): Promise<Verification> {
  await gateway.db.pool.query(sql);
  try {
    return await verify();
  } finally {
    await gateway.db.pool.query(undo);
  }
}

describe("the audit", () => {
  it("tells who changed what of the configuration, with the fields and without secrets", async () => {
    const secret = "whsec_a-secret-of-enough-length-0001";
    await gateway.call("POST", "/sources", { name: "s", provider: "stripe", secrets: [secret] });
    await gateway.call("POST", "/destinations", { name: "d", url: "https://d.example.com/" });
    await gateway.call("PATCH", "/destinations/d", { state: "paused", stateReason: "deploy" });
    const [paused, , source] = await list();
    expect(paused).toMatchObject({
      actor: "test",
      action: "PATCH /destinations/{id}",
      target: "destination/d",
      detail: { given: { state: "paused", stateReason: "deploy" }, changes: [{ thing: "destination/d" }] },
    });
    expect(paused!.actorId).toMatch(/^key_/);
    expect(source).toMatchObject({ detail: { given: { name: "s", provider: "stripe" }, alsoGiven: ["secrets"] } });
    const stored = await gateway.db.pool.query("SELECT audit::text AS row FROM holdfast.audit");
    expect(JSON.stringify(stored.rows)).not.toContain(secret);
  });

  it("keeps what is done beyond the configuration: keys, sign-ins, looks at a signing secret", async () => {
    const made = (await gateway.call("POST", "/keys", { name: "ci", role: "viewer" })).body as {
      id: string;
      key: string;
    };
    expect(await newest()).toMatchObject({
      action: "POST /keys",
      target: made.id,
      detail: { given: { role: "viewer" } },
    });
    await gateway.call("POST", "/session", { apiKey: made.key });
    expect(await newest()).toMatchObject({ action: "POST /session", actor: "ci", actorId: made.id });
    await gateway.call("GET", "/destinations/d/signing-secret");
    expect(await newest()).toMatchObject({ action: "GET /destinations/{id}/signing-secret", target: "d" });
    const stored = await gateway.db.pool.query("SELECT audit::text AS row FROM holdfast.audit");
    expect(JSON.stringify(stored.rows)).not.toContain(made.key.slice(12));
  });

  it("has one entry for a configuration, with its reconciliations, channels, rules and owners, though none of the rest changes", async () => {
    const sources = { filed: { provider: "stripe", secrets: ["whsec_a-secret-of-enough-length-0002"] } };
    const apply = async (more: object): Promise<unknown> =>
      (await gateway.call("POST", "/configuration", { definition: { sources, ...more } })).body;
    await apply({});
    const url = "https://hooks.slack.com/services/T0/B0/of-the-chat";
    const declared = {
      reconciliations: {
        log: { source: "filed", connector: { kind: "stripe" }, eventTypes: ["*"], secret: "sk_test_of-the-log" },
      },
      alerts: {
        channels: { chat: { kind: "slack", url } },
        rules: { breaker_open: { state: "disabled" } },
        owners: { filed: ["chat"] },
      },
    };
    const { n } = await newest();
    const changes = [
      { thing: "reconciliation/log", action: "created" },
      { thing: "alert_channel/chat", action: "created" },
      { thing: "alerts/rules", action: "updated", fields: ["breaker_open"] },
      { thing: "alerts/owners", action: "updated", fields: ["filed"] },
    ];
    expect(await apply(declared)).toMatchObject({
      created: ["reconciliation/log", "alert_channel/chat"],
      updated: ["alerts/rules", "alerts/owners"],
      unchanged: 1,
    });
    expect(await newest()).toMatchObject({ n: n + 1, action: "POST /configuration", detail: { changes } });
    expect(await apply(declared)).toMatchObject({ created: [], updated: [], unchanged: 5 });
    expect((await newest()).n).toBe(n + 1);
    const fewer = { ...declared, alerts: { ...declared.alerts, rules: {} } };
    expect(await apply(fewer)).toMatchObject({ changes: [{ thing: "alerts/rules", fields: ["breaker_open"] }] });
    const stored = await gateway.db.pool.query("SELECT audit::text AS row FROM holdfast.audit");
    for (const secret of [url, "sk_test_of-the-log"]) expect(JSON.stringify(stored.rows)).not.toContain(secret);
  });

  it("has no entry for a look, a refusal, a preview, or a change that changed nothing", async () => {
    const { n } = await newest();
    await gateway.call("GET", "/sources");
    await gateway.call("POST", "/destinations", { name: "d", url: "https://other.example.com/" });
    await gateway.call("PATCH", "/destinations/d", { state: "paused", stateReason: "deploy" });
    await gateway.call("PATCH", "/destinations/none", { state: "paused" });
    await gateway.call("POST", "/configuration", {
      dryRun: true,
      definition: { sources: {}, destinations: {}, routes: [] },
    });
    await gateway.call("POST", "/dead-letters/retry", { filter: {} });
    expect((await newest()).n).toBe(n);
  });

  it("is found by actor, action, target and time, in pages, and by admins alone", async () => {
    const [first] = (await list("?action=PATCH%20%2Fdestinations%2F%7Bid%7D")) as [Entry];
    expect(first.target).toBe("destination/d");
    expect((await list("?actor=nobody")).length).toBe(0);
    expect((await list("?target=destination%2Fd")).length).toBe(2);
    expect((await list("?until=2020-01-01T00:00:00Z")).length).toBe(0);
    const page = (await gateway.call("GET", "/audit?limit=1")).body as { items: Entry[]; nextCursor: string };
    const next = (await gateway.call("GET", `/audit?limit=1&cursor=${page.nextCursor}`)).body as { items: Entry[] };
    expect(next.items[0]!.n).toBe(page.items[0]!.n - 1);
    const deps = { db: gateway.db, clock: systemClock, random: createRandom() };
    const operator = (await createApiKey(deps, { tenant: "default", name: "op", role: "operator" })).key;
    expect((await gateway.call("GET", "/audit", undefined, operator)).status).toBe(403);
    const foreign = await gateway.keyOf("other");
    expect((await gateway.call("GET", "/audit", undefined, foreign)).body).toEqual({
      items: [],
      nextCursor: null,
      searched: null,
    });
  });

  it("keeps no entry of a catalog change that was rolled back", async () => {
    const { n } = await newest();
    await gateway.db.transaction(async (tx) => {
      const entry = { tenant: "default", at: new Date(), actor: "a", actorId: null, action: "x", target: null };
      await appendAudit(tx, { ...entry, detail: "{}" });
      throw new Error("the change failed");
    }, 5_000);
    expect((await newest()).n).toBe(n);
    expect((await verify()).intact).toBe(true);
  });

  it("gives changes that are made at the same moment one chain without a gap", async () => {
    const before = (await newest()).n;
    const names = Array.from({ length: 12 }, (_, i) => `k${i}`);
    await Promise.all(names.map((name) => gateway.call("POST", "/keys", { name })));
    const found = await verify();
    expect(found).toMatchObject({ intact: true, broken: null, last: { n: before + 12 } });
  });
});

describe("a row of the audit", () => {
  it.each([
    ["actor", "'somebody else'"],
    ["action", "'GET /audit'"],
    ["target", "NULL"],
    ["detail", "'{}'"],
    ["at", "at + interval '1 microsecond'"],
    ["actor_id", "NULL"],
  ])("that was altered in the database is named: %s", async (column, value) => {
    const place = "tenant = 'default' AND n = 3";
    const { rows } = await gateway.db.pool.query(`SELECT ${column}::text AS kept FROM holdfast.audit WHERE ${place}`);
    const kept = (rows[0] as { kept: string }).kept;
    const type = column === "at" ? "timestamptz" : "text";
    const found = await tampered(
      `UPDATE holdfast.audit SET ${column} = ${value} WHERE ${place}`,
      `UPDATE holdfast.audit SET ${column} = ${`'${kept.replaceAll("'", "''")}'`}::${type} WHERE ${place}`,
    );
    expect(found).toMatchObject({ intact: false, entries: 2, broken: { n: 3, problem: "altered" } });
    expect((await verify()).intact).toBe(true);
  });

  it("that was taken out is named", async () => {
    await gateway.db.pool.query("CREATE TABLE public.gone AS SELECT * FROM holdfast.audit WHERE n = 2");
    const found = await tampered(
      "DELETE FROM holdfast.audit WHERE n = 2",
      "INSERT INTO holdfast.audit SELECT * FROM public.gone",
    );
    expect(found).toMatchObject({ intact: false, broken: { n: 2, problem: "missing" } });
  });

  it("whose hash was made anew is told by the one after it", async () => {
    const { rows } = await gateway.db.pool.query("SELECT encode(hash, 'hex') AS h FROM holdfast.audit WHERE n = 4");
    await gateway.db.pool.query("CREATE TABLE public.whole AS SELECT * FROM holdfast.audit WHERE n > 3");
    await gateway.db.pool.query("DELETE FROM holdfast.audit WHERE n > 3");
    const entry = { tenant: "default", at: new Date(), actor: "forger", actorId: null, action: "x", target: null };
    await gateway.db.transaction((tx) => appendAudit(tx, { ...entry, detail: "{}" }), 5_000);
    await gateway.db.pool.query("INSERT INTO holdfast.audit SELECT * FROM public.whole WHERE n > 4");
    expect(await verify()).toMatchObject({ intact: false, broken: { n: 5, problem: "unlinked" } });
    // Cut off behind the forgery the chain is whole in itself; the hash that was kept elsewhere tells.
    await gateway.db.pool.query("DELETE FROM holdfast.audit WHERE n > 4");
    expect((await verify()).intact).toBe(true);
    const anchor = (rows[0] as { h: string }).h;
    expect(await verify(`?after=4&hash=${anchor}`)).toMatchObject({ broken: { n: 4, problem: "altered" } });
    expect(await verify(`?after=5&hash=${anchor}`)).toMatchObject({ broken: { n: 5, problem: "missing" } });
  });
});
