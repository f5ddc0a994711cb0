import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { indexCatalog } from "../../src/pipeline/catalog-index.ts";
import { lookForAlerts } from "../../src/engine/caretakers/alerter.ts";
import { createNoticeSender } from "../../src/engine/caretakers/notice-sender.ts";
import { TEST_FACT } from "../../src/domain/alert-notice.ts";
import { ALERT_RULES } from "../../src/domain/alert-rules.ts";
import { NOTICE_TIMEOUT_MS, sendNotice } from "../../src/pipeline/send-notice.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { createEgress } from "../../src/platform/egress/create-egress.ts";
import { createMailDialer } from "../../src/platform/egress/dial-mail.ts";
import { signDelivery } from "../../src/platform/delivery-signature.ts";
import { takeLead } from "../../src/store/processes/leadership.ts";
import type { AdminGateway } from "../support/admin-gateway.ts";
import { startAdminGateway } from "../support/admin-gateway.ts";
import { until } from "../support/embedded.ts";
import type { FakeChannels } from "./fakes.ts";
import { startFakeChannels, startFakeMail, startTarpit } from "./fakes.ts";
import type { Standing } from "./troubles.ts";
import { TROUBLES, goOnLiving, makeDays } from "./troubles.ts";

const LOOPBACK = ["127.0.0.0/8"];
const HOLDER = "018f0000-0000-7000-8000-000000000001";
const SIGNING = `whsec_${randomBytes(32).toString("base64")}`;

let gateway: AdminGateway;
let fakes: FakeChannels;
let mail: Awaited<ReturnType<typeof startFakeMail>>;
let egress: ReturnType<typeof createEgress>;
let dialer: ReturnType<typeof createMailDialer>;
/** The database's time as the alerter sees it: moved on by hand, so that nothing has to be waited for. */
let aheadMs = 0;
/** While a test has it stopped, nothing is due because the test takes long. */
let stoppedMs: number | null = null;
let epoch = 0;
const now = (): Date => new Date((stoppedMs ?? Date.now()) + aheadMs);
const warned: string[] = [];
const log = {
  debug: () => {},
  info: () => {},
  warn: (fields: object, message: string) => void warned.push(`${message} ${JSON.stringify(fields)}`),
  error: () => {},
};

beforeAll(async () => {
  gateway = await startAdminGateway({ allowCidrs: LOOPBACK });
  [fakes, mail] = await Promise.all([startFakeChannels(), startFakeMail(), makeDays(gateway)]);
  egress = createEgress({ policy: { allowCidrs: LOOPBACK }, log });
  dialer = createMailDialer({ policy: { allowCidrs: LOOPBACK }, clock: systemClock });
  await gateway.call("POST", "/sources", {
    name: "stripe",
    provider: "stripe",
    secrets: ["whsec_a-secret-of-enough-length-01"],
  });
  await gateway.call("POST", "/destinations", { name: "billing", url: "https://billing.example.com/" });
  await gateway.call("POST", "/routes", { name: "r", source: "stripe", destination: "billing" });
  epoch = (await gateway.db.run(takeLead, ["caretakers", HOLDER, 600])).rows[0]!.epoch;
  const posted = async (body: object): Promise<void> => {
    expect((await gateway.call("POST", "/alerts/channels", body)).status).toBe(201);
  };
  await posted({ name: "chat", kind: "slack", url: `${fakes.url}/services/T0/B0/secret` });
  await posted({
    name: "pager",
    kind: "pagerduty",
    routingKey: "R0UT1NGKEY",
    url: `${fakes.url}/v2/enqueue`,
    severities: ["page"],
  });
  await posted({ name: "own", kind: "webhook", url: `${fakes.url}/own`, signingSecret: SIGNING });
  const box = { host: "127.0.0.1", port: mail.port, security: "none" };
  await posted({ name: "mail", kind: "email", ...box, from: "holdfast@example.com", to: ["ops@example.com"] });
});

afterAll(async () => {
  dialer.close();
  await egress.close();
  await fakes.close();
  await mail.close();
  await gateway.close();
});

/** What the gateway knows of itself. */
const standing: Standing = { unsafe: null, diskFreeMib: null };

async function look(): Promise<number | null> {
  await goOnLiving(gateway);
  return lookForAlerts({
    db: gateway.db,
    databaseClock: { now, sync: async () => {} },
    leader: { current: () => ({ name: "caretakers", holder: HOLDER, epoch }) },
    catalog: () => indexCatalog(gateway.catalog()),
    box: gateway.box,
    random: (bytes) => randomBytes(bytes),
    log,
    unsafe: () => standing.unsafe,
    diskFreeMib: async () => standing.diskFreeMib,
    operator: "default",
  });
}

async function send(): Promise<void> {
  const deps = { db: gateway.db, databaseClock: { now, sync: async () => {} }, box: gateway.box, log };
  const sender = createNoticeSender({ ...deps, egress, dialer, clock: systemClock });
  await sender.begin();
  await sender.idle();
}

const alerts = async (state: string) =>
  ((await gateway.call("GET", `/alerts?state=${state}`)).body as { items: { rule: string; subject: string }[] }).items;
const sql = (text: string, values: unknown[] = []) => gateway.db.pool.query(text, values);

describe("a rule", () => {
  it("of each kind is gone through below", () => {
    expect(TROUBLES.map(({ rule }) => rule).toSorted()).toEqual(ALERT_RULES.map(({ name }) => name).toSorted());
  });

  it.each(TROUBLES)("$rule fires, is told by every channel, and recovers", async (trouble) => {
    const { rule, begin, end, heldMs = 901_000 } = trouble;
    await begin(gateway, standing);
    const before = { posts: fakes.posted.length, mails: mail.mails.length };
    await look();
    aheadMs += heldMs;
    // Counts look back a quarter of an hour, so what is stored moves on with the clock.
    await sql("UPDATE holdfast.finished_delivery SET finished_at = $1", [now()]);
    await sql("UPDATE holdfast.retry_loop SET last_at = $1", [now()]);
    await look();
    expect(await alerts("firing")).toMatchObject([{ rule }]);
    await send();
    const told = fakes.posted.slice(before.posts).map(({ path, text }) => `${path} ${text}`);
    expect(told.filter((text) => text.startsWith("/services/") && text.includes(`Firing: ${rule}`))).toHaveLength(1);
    expect(told.filter((text) => text.startsWith("/own") && text.includes('"alert.fired"'))).toHaveLength(1);
    expect(mail.mails.slice(before.mails).filter((text) => text.includes(`Firing: ${rule}`))).toHaveLength(1);
    const triggers = told.filter((text) => text.startsWith("/v2/enqueue") && text.includes('"trigger"'));
    const [{ severity }] = (await alerts("firing")) as unknown as [{ severity: string }];
    expect(triggers).toHaveLength(severity === "page" ? 1 : 0);

    await (typeof end === "string" ? sql(end) : end(standing, gateway));
    aheadMs += 61_000;
    await look();
    await send();
    expect(await alerts("firing")).toEqual([]);
    const after = fakes.posted.slice(before.posts).map(({ path, text }) => `${path} ${text}`);
    expect(after.filter((text) => text.startsWith("/services/") && text.includes(`Recovered: ${rule}`))).toHaveLength(
      1,
    );
    const resolved = after.filter((text) => text.includes('"event_action":"resolve"'));
    expect(resolved).toHaveLength(severity === "page" ? 1 : 0);
    if (resolved[0] !== undefined) {
      const keyOf = (text: string): string => /"dedup_key":"([^"]+)"/.exec(text)![1]!;
      expect(keyOf(resolved[0])).toBe(keyOf(triggers[0]!));
    }
  });
});

describe("an alert", () => {
  it("of which nobody is told is in the log as such", async () => {
    const disable = async (state: "active" | "disabled"): Promise<void> => {
      await sql("UPDATE holdfast.alert_channel SET state = $1", [state]);
    };
    await disable("disabled");
    standing.unsafe = "fsync is off";
    await look();
    aheadMs += 61_000;
    expect(await look()).toBe(0);
    expect(warned.filter((line) => line.startsWith("nobody is told"))).toEqual([
      expect.stringContaining('"rules":"database_unsafe"'),
    ]);
    standing.unsafe = null;
    aheadMs += 61_000;
    await look();
    await disable("active");
  });
});

describe("a notice", () => {
  it("that is not taken is tried again, shown with the reason, and in the end given up", async () => {
    stoppedMs = Date.now();
    onTestFinished(() => void (stoppedMs = null));
    await gateway.call("PATCH", "/alerts/owners", { owners: { "*": ["chat"] } });
    await gateway.call("PATCH", "/alerts/rules/old_snapshot", { threshold: 60 });
    standing.unsafe = "fsync is off";
    await look();
    aheadMs += 61_000;
    await look();
    fakes.failNext(503);
    await send();
    const newest = async () =>
      ((await gateway.call("GET", "/alerts/notices?limit=1")).body as { items: Record<string, unknown>[] }).items[0]!;
    expect(await newest()).toMatchObject({
      state: "queued",
      attempts: 1,
      detail: "answered 503: try later",
      channel: "chat",
    });
    await send();
    expect(await newest()).toMatchObject({ attempts: 1 });
    aheadMs += 6_000;
    await send();
    expect(await newest()).toMatchObject({ state: "sent", attempts: 2 });
    standing.unsafe = null;
    aheadMs += 61_000;
    await look();
    fakes.failNext(403);
    await send();
    expect(await newest()).toMatchObject({ kind: "resolved", state: "failed", attempts: 1 });
  });

  it("to a webhook is signed by Standard Webhooks", async () => {
    await gateway.call("POST", "/alerts/channels/own/test");
    await send();
    const { headers, text } = fakes.posted.findLast(({ path }) => path === "/own")!;
    const timestampSec = Number(headers["webhook-timestamp"]);
    const id = String(headers["webhook-id"]);
    expect(id).toMatch(/^ntc_/);
    expect(headers).toMatchObject(signDelivery({ secrets: [SIGNING], id, timestampSec, body: Buffer.from(text) })!);
  });

  it("of a test goes by every kind of channel, and leaves no incident behind", async () => {
    for (const name of ["chat", "pager", "mail"])
      expect((await gateway.call("POST", `/alerts/channels/${name}/test`)).status).toBe(200);
    const before = fakes.posted.length;
    await send();
    const posts = fakes.posted.slice(before);
    expect(
      posts
        .filter(({ path }) => path === "/v2/enqueue")
        .map(({ text }) => (JSON.parse(text) as { event_action: string }).event_action),
    ).toEqual(["trigger", "resolve"]);
    expect(posts.filter(({ path }) => path.startsWith("/services/"))).toHaveLength(1);
    expect(mail.mails.at(-1)).toMatch(/^Subject: \[Holdfast\] Test/m);
    expect(mail.mails.at(-1)!.match(/^Message-ID: .*$/gim)).toEqual([expect.stringMatching(/<ntc_\w+@holdfast>/)]);
  });

  it("never leaves to an address that deliveries may not reach, by mail neither", async () => {
    const strict = createMailDialer({ policy: { allowCidrs: [] }, clock: systemClock });
    expect(await strict.dial("127.0.0.1", mail.port, 1_000)).toMatchObject({ ok: false });
    expect(await strict.dial("localhost", 25, 1_000)).toMatchObject({ ok: false });
    strict.close();
  });

  it("by a mail server that never comes to the point holds up no other channel, and ends with the dialer", async () => {
    const tarpit = await startTarpit();
    const own = createMailDialer({ policy: { allowCidrs: LOOPBACK }, clock: systemClock });
    const deps = { db: gateway.db, databaseClock: { now, sync: async () => {} }, box: gateway.box, log };
    const sender = createNoticeSender({ ...deps, egress, dialer: own, clock: systemClock });
    const [from, to] = ["holdfast@example.com", ["ops@example.com"]];
    const stuck = { name: "stuck", kind: "email", host: "127.0.0.1", port: tarpit.port, security: "none", from, to };
    expect((await gateway.call("POST", "/alerts/channels", stuck)).status).toBe(201);
    await gateway.call("POST", "/alerts/channels/stuck/test");
    await sender.begin();
    await until(() => tarpit.connections() === 1);

    const before = fakes.posted.length;
    for (const name of ["stuck", "chat"]) await gateway.call("POST", `/alerts/channels/${name}/test`);
    await sender.begin();
    await until(() => fakes.posted.length > before);
    expect(tarpit.connections()).toBe(1);

    own.close();
    await sender.idle();
    await until(() => tarpit.connections() === 0);
    await tarpit.close();
  });

  it("of many alerts to PagerDuty ends at its deadline, and is sent again", async () => {
    let ms = 0;
    const clock = { now, monotonicMs: () => (ms += NOTICE_TIMEOUT_MS / 4) };
    const facts = Array.from({ length: 50 }, (_, i) => ({ ...TEST_FACT, alert: `alt_${i}` }));
    const address = { kind: "pagerduty", url: `${fakes.url}/v2/enqueue` } as const;
    const kept = { secret: "R0UT1NGKEY", secretUnreadable: false, severities: ["page"], state: "active" } as const;
    const channel = {
      id: "c",
      tenant: "default",
      name: "duty",
      origin: "api",
      createdAt: now(),
      updatedAt: now(),
    } as const;
    const notice = { id: "ntc_1", kind: "fired", facts, createdAt: now() } as const;
    const before = fakes.posted.length;
    const sent = await sendNotice(
      { egress, dialer, clock, databaseClock: clock },
      { ...channel, ...kept, address },
      notice,
    );
    expect(sent).toEqual({ ok: false, isFinal: false, detail: "15 of 50 events were taken within 60000 ms" });
    expect(fakes.posted.length - before).toBe(15);
  });

  it("shows no secret of a channel anywhere", async () => {
    const channels = JSON.stringify((await gateway.call("GET", "/alerts/channels")).body);
    const stored = JSON.stringify(
      (await sql("SELECT address::text, sealed_secret::text FROM holdfast.alert_channel")).rows,
    );
    for (const text of [channels, stored, gateway.logged.join("\n")])
      for (const secret of ["T0/B0/secret", "R0UT1NGKEY", SIGNING]) expect(text).not.toContain(secret);
  });
});
