import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { TEST_FACT } from "../../src/domain/alert-notice.ts";
import { newUuid } from "../../src/domain/id.ts";
import { createNoticeSender } from "../../src/engine/caretakers/notice-sender.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { createEgress } from "../../src/platform/egress/create-egress.ts";
import { createMailDialer } from "../../src/platform/egress/dial-mail.ts";
import { silentLog } from "../../src/platform/log.ts";
import { queueNotice } from "../../src/store/alerts/notices.ts";
import type { AdminGateway } from "../support/admin-gateway.ts";
import { startAdminGateway } from "../support/admin-gateway.ts";
import { until } from "../support/embedded.ts";
import type { FakeChannels } from "./fakes.ts";
import { startFakeChannels, startHeldReceiver } from "./fakes.ts";

const LOOPBACK = ["127.0.0.0/8"];

let gateway: AdminGateway;
let fakes: FakeChannels;
let channelId: string;
/** The database's time as the sender sees it: moved on by hand, so that nothing has to be waited for. */
let aheadMs = 0;
const now = (): Date => new Date(Date.now() + aheadMs);

beforeAll(async () => {
  gateway = await startAdminGateway({ allowCidrs: LOOPBACK });
  fakes = await startFakeChannels();
  const pager = { name: "pager", kind: "pagerduty", routingKey: "R0UT1NGKEY", url: `${fakes.url}/v2/enqueue` };
  expect((await gateway.call("POST", "/alerts/channels", pager)).status).toBe(201);
  channelId = ((await sql("SELECT id FROM holdfast.alert_channel")) as { id: string }[])[0]!.id;
});

afterAll(async () => {
  await fakes.close();
  await gateway.close();
});

beforeEach(async () => {
  await sql("DELETE FROM holdfast.alert_notice");
  fakes.posted.length = 0;
});

const sql = async (text: string) => (await gateway.db.pool.query(text)).rows as unknown[];

/** A sender as the leader has one, with an egress of its own. */
function openSender() {
  const egress = createEgress({ policy: { allowCidrs: LOOPBACK }, log: silentLog });
  const dialer = createMailDialer({ policy: { allowCidrs: LOOPBACK }, clock: systemClock });
  const deps = { db: gateway.db, databaseClock: { now, sync: async () => {} }, box: gateway.box, log: silentLog };
  const sender = createNoticeSender({ ...deps, egress, dialer, clock: systemClock });
  const close = async (): Promise<void> => {
    dialer.close();
    await egress.close();
  };
  return { sender, egress, close };
}

/** Sends what is due, until nothing is. */
async function send(): Promise<void> {
  const { sender, close } = openSender();
  await sender.begin();
  await sender.idle();
  await close();
}

async function queue(kind: "fired" | "repeated" | "resolved", alerts: readonly string[]): Promise<void> {
  const id = newUuid(now().getTime(), 0, randomBytes(8));
  const facts = alerts.map((alert) => ({ ...TEST_FACT, alert }));
  await gateway.db.run(queueNotice, [id, "default", channelId, kind, JSON.stringify(facts), now()]);
}

/** What came, as `trigger alt_1`. */
const posted = (): string[] =>
  fakes.posted.map(({ text }) => {
    const { event_action: action, dedup_key: key } = JSON.parse(text) as { event_action: string; dedup_key: string };
    return `${action} ${key.replace("holdfast/", "")}`;
  });

describe("that an alert is over", () => {
  it("is told after what was told of it before, however often that has to be tried again", async () => {
    await queue("fired", ["alt_1", "alt_2"]);
    fakes.failNext(503);
    await send();
    aheadMs += 61_000;
    await queue("repeated", ["alt_1"]);
    await queue("resolved", ["alt_2"]);
    // The first one is due again only after its wait, and the page is told on time.
    await sql("UPDATE holdfast.alert_notice SET due_at = due_at + interval '1 hour' WHERE kind = 'fired'");
    fakes.posted.length = 0;
    await send();
    await send();
    expect(posted()).toEqual(["trigger alt_1"]);

    aheadMs += 3_700_000;
    fakes.posted.length = 0;
    await send();
    expect(posted().toSorted()).toEqual(["trigger alt_1", "trigger alt_2"]);
    await send();
    expect(posted().at(-1)).toBe("resolve alt_2");
    expect(await sql("SELECT DISTINCT state FROM holdfast.alert_notice")).toEqual([{ state: "sent" }]);
  });

  it("waits for no notice of other alerts", async () => {
    await queue("fired", ["alt_1"]);
    fakes.failNext(503);
    await send();
    aheadMs += 1_000;
    await queue("resolved", ["alt_2"]);
    // The first one is not due again, however late it is by now.
    await sql("UPDATE holdfast.alert_notice SET due_at = due_at + interval '1 hour' WHERE kind = 'fired'");
    fakes.posted.length = 0;
    await send();
    expect(posted()).toEqual(["resolve alt_2"]);
  });

  it("is told though what was told before was given up", async () => {
    await queue("fired", ["alt_1"]);
    fakes.failNext(403);
    await send();
    await queue("resolved", ["alt_1"]);
    await send();
    expect(posted()).toEqual(["trigger alt_1", "resolve alt_1"]);
  });
});

describe("a notice to a channel that takes its time", () => {
  it("of fifty alerts goes to PagerDuty by fives", async () => {
    const held = await startHeldReceiver();
    await gateway.call("PATCH", "/alerts/channels/pager", { url: `${held.url}/v2/enqueue`, routingKey: "R0UT1NGKEY" });
    await queue(
      "fired",
      Array.from({ length: 50 }, (_, i) => `alt_${i}`),
    );
    const { sender, close } = openSender();
    await sender.begin();
    for (let group = 0; group < 10; group++) {
      await until(() => held.waiting() === 5);
      held.release();
    }
    await sender.idle();
    expect(await sql("SELECT state, attempts FROM holdfast.alert_notice")).toEqual([{ state: "sent", attempts: 1 }]);
    await close();
    await held.close();
  });

  it("and is given up by a process that ends has not been tried: whoever leads next sends it at once", async () => {
    const held = await startHeldReceiver();
    await gateway.call("PATCH", "/alerts/channels/pager", { url: `${held.url}/v2/enqueue`, routingKey: "R0UT1NGKEY" });
    await queue("fired", ["alt_1"]);
    const { sender, close } = openSender();
    await sender.begin();
    await until(() => held.waiting() === 1);
    sender.stop();
    await close();
    await sender.idle();
    expect(await sql("SELECT state, attempts, detail FROM holdfast.alert_notice")).toEqual([
      { state: "queued", attempts: 0, detail: null },
    ]);
    expect(await sender.begin()).toBe(false);

    await gateway.call("PATCH", "/alerts/channels/pager", { url: `${fakes.url}/v2/enqueue`, routingKey: "R0UT1NGKEY" });
    await send();
    expect(posted()).toEqual(["trigger alt_1"]);
    await held.close();
  });
});
