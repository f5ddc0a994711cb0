import { expect, test } from "vitest";
import { Webhook } from "standardwebhooks";
import { openDesk, startDeliveries } from "../support/delivery-gateway.ts";
import { until } from "../support/embedded.ts";
import { startReceiver } from "../support/receiver.ts";

const SECRET = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;

/** The values of a header among the raw ones, in order. */
function valuesOf(rawHeaders: readonly string[], name: string): string[] {
  return rawHeaders.flatMap((text, i) => (i % 2 === 0 && text.toLowerCase() === name ? [rawHeaders[i + 1]!] : []));
}

test("every attempt carries the same key and bytes, and a signature and a time of its own that verify", async () => {
  const receiver = await startReceiver();
  receiver.answer = () => (receiver.arrivals.length < 3 ? 500 : 200);
  const desk = await openDesk();
  const destinations = {
    billing: { url: receiver.url, signingSecret: SECRET, retry: { scheduleSec: [600, 600, 600] } },
  };
  await startDeliveries(desk, { destinations });
  const [id] = await desk.record({
    to: ["billing"],
    type: "invoice.paid",
    body: Buffer.from('{"n":9007199254740993}'),
  });
  for (const number of [1, 2]) {
    await until(async () => (await desk.attempts(id!)).length === number);
    // The next second, so that the next attempt's time is another one: by the database's time, which the process may know as a
    // little less than this clock says.
    const second = Number(receiver.arrivals.at(-1)!.headers["webhook-timestamp"]);
    await until(() => Date.now() / 1_000 > second + 1.25);
    await desk.hurry();
  }
  expect(await desk.finished(id!)).toEqual({ state: "processed", reason: null, attempt: 3 });
  const { arrivals } = receiver;
  for (const [i, { headers, body }] of arrivals.entries()) {
    expect(new Webhook(SECRET).verify(body.toString(), { ...headers })).toBeTruthy();
    expect(headers).toMatchObject({
      "holdfast-attempt": String(i + 1),
      "holdfast-trigger": i === 0 ? "live" : "retry",
      "holdfast-source": "payments",
      "holdfast-event-type": "invoice.paid",
    });
    expect(headers["webhook-id"]).toBe(headers["idempotency-key"]);
    expect(headers["traceparent"]).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  }
  const each = (name: string) => new Set(arrivals.map(({ headers }) => headers[name])).size;
  expect([each("webhook-id"), each("webhook-timestamp"), each("webhook-signature")]).toEqual([1, 3, 3]);
  expect(new Set(arrivals.map(({ body }) => body.toString("hex"))).size).toBe(1);
});

test("the provider's headers and exact bytes pass, what belongs to its connection or is secret does not", async () => {
  const receiver = await startReceiver();
  const desk = await openDesk();
  const destinations = {
    billing: {
      url: receiver.url,
      signingSecret: SECRET,
      headers: { "x-team": "ours", authorization: "Bearer of-the-operator" },
    },
  };
  await startDeliveries(desk, { destinations });
  const body = Buffer.from([0x7b, 0xff, 0x00, 0xfe, 0x0d, 0x0a, 0x7d]);
  const headers: [string, string][] = [
    ["Host", "gateway.example"],
    ["Content-Type", "application/json; charset=iso-8859-1"],
    ["Content-Encoding", "identity"],
    ["Stripe-Signature", "t=1,v1=aa"],
    ["X-Twice", "1"],
    ["X-Twice", "2"],
    ["X-Latin", "caf\u00e9"],
    ["X-Team", "the provider's"],
    ["Webhook-Id", "msg_provider"],
    ["Webhook-Signature", "v1,provider"],
    ["User-Agent", "Stripe/1.0"],
    ["Idempotency-Key", "provider-key"],
    ["Holdfast-Attempt", "99"],
    ["Authorization", "[redacted]"],
    ["X-Gitlab-Token", "[redacted]"],
    ["Cookie", "a=b"],
    ["Connection", "keep-alive, X-Hop, Content-Type"],
    ["X-Hop", "one connection only"],
    ["Keep-Alive", "timeout=5"],
    ["TE", "trailers"],
    ["Proxy-Authorization", "Basic eA=="],
    ["Transfer-Encoding", "chunked"],
    ["X-Forwarded-For", "203.0.113.9"],
    ["Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"],
  ];
  const [id] = await desk.record({ to: ["billing"], body, headers, type: "weird \u2603 type\r\nX-Injected: 1" });
  await desk.finished(id!);
  const [arrival] = receiver.arrivals;
  expect(arrival!.body.equals(body)).toBe(true);
  const got = (name: string) => valuesOf(arrival!.rawHeaders, name);
  expect(got("content-type")).toEqual(["application/json; charset=iso-8859-1"]);
  expect(got("stripe-signature")).toEqual(["t=1,v1=aa"]);
  expect(got("x-twice")).toEqual(["1", "2"]);
  expect(got("x-latin")).toEqual(["caf\u00e9"]);
  expect(got("x-team")).toEqual(["ours"]);
  expect(got("authorization")).toEqual(["Bearer of-the-operator"]);
  expect(got("holdfast-original-webhook-id")).toEqual(["msg_provider"]);
  expect(got("holdfast-original-webhook-signature")).toEqual(["v1,provider"]);
  expect(got("holdfast-original-idempotency-key")).toEqual(["provider-key"]);
  expect(got("holdfast-original-user-agent")).toEqual(["Stripe/1.0"]);
  expect(got("holdfast-attempt")).toEqual(["1"]);
  expect(got("webhook-id").length).toBe(1);
  expect(got("content-length")).toEqual(["7"]);
  expect(got("host")).toEqual([new URL(receiver.url).host]);
  const gone = [
    "x-gitlab-token",
    "cookie",
    "x-hop",
    "te",
    "proxy-authorization",
    "transfer-encoding",
    "x-forwarded-for",
    "x-injected",
  ];
  for (const name of gone) expect([name, got(name)]).toEqual([name, []]);
  expect(got("holdfast-event-type")).toEqual(["weird???type??X-Injected:?1"]);
  // The sender's trace goes on: its id and its flags, with a span of our own.
  const [traceparent] = got("traceparent");
  expect(traceparent).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-00$/);
  expect(traceparent).not.toContain("b7ad6b7169203331");
  expect(arrival!.rawHeaders.join(" ")).not.toContain("[redacted]");
});

test("an empty body is delivered and signed as such", async () => {
  const receiver = await startReceiver();
  const desk = await openDesk();
  await startDeliveries(desk, { destinations: { billing: { url: receiver.url, signingSecret: SECRET } } });
  const [id] = await desk.record({ to: ["billing"], body: Buffer.alloc(0), headers: [] });
  await desk.finished(id!);
  const [arrival] = receiver.arrivals;
  expect(arrival!.body.length).toBe(0);
  const { "webhook-id": key, "webhook-timestamp": sec, "webhook-signature": signature } = arrival!.headers;
  expect(new Webhook(SECRET).sign(key!, new Date(Number(sec) * 1_000), "")).toBe(signature);
});

test("a receiver that echoes our secret does not put it into the history, and no log line holds a body or a secret (F67)", async () => {
  const receiver = await startReceiver((arrival, response) => {
    response.writeHead(500, { "set-cookie": "session=cookie-of-the-receiver" });
    response.end(`you signed with ${SECRET}, I hate ${arrival.body.toString()}`);
  });
  const desk = await openDesk();
  const url = `${receiver.url}/in?token=in-the-url`;
  const headers = { authorization: "Bearer of-the-operator" };
  const gateway = await startDeliveries(desk, { destinations: { billing: { url, signingSecret: SECRET, headers } } });
  const [id] = await desk.record({ to: ["billing"], body: Buffer.from("secret-of-the-body"), type: "invoice.paid" });
  await desk.waiting(id!, "scheduled");
  await until(() => gateway.attemptLines().length === 1);
  const rows = await desk.query<{ text: string }>(
    `SELECT convert_from(response_body, 'utf8') || convert_from(response_headers, 'utf8') AS text FROM holdfast.attempt`,
  );
  expect(rows[0]!.text).toContain("you signed with");
  for (const secret of [SECRET.slice(6), "cookie-of-the-receiver"]) expect(rows[0]!.text).not.toContain(secret);
  const [line] = gateway.attemptLines();
  expect(line).toMatchObject({
    destination: "billing",
    attempt: 1,
    outcome: "transient",
    status: 500,
    next: "scheduled",
    trigger: "live",
    level: "info",
  });
  expect(line!["event"]).toMatch(/^evt_/);
  expect(line!["delivery"]).toMatch(/^dlv_/);
  expect(line!["dueAt"]).toMatch(/^\d{4}-/);
  const text = JSON.stringify(gateway.logged);
  for (const secret of [
    "secret-of-the-body",
    SECRET.slice(6),
    "in-the-url",
    "of-the-operator",
    "cookie-of-the-receiver",
  ])
    expect([secret, text.includes(secret)]).toEqual([secret, false]);
  expect(await gateway.metric("holdfast_delivery_attempts_total", 'outcome="transient"')).toBe(1);
  expect(await gateway.metric("holdfast_delivery_duration_seconds_count")).toBe(1);
  expect(await gateway.metric("holdfast_delivery_wait_seconds_count")).toBe(1);
  expect(await gateway.metric("holdfast_leases_lost_total")).toBe(0);
  expect(await gateway.metric("holdfast_deliveries_rescued_total")).toBe(0);
  // Who leads shows the queue once it has looked at it, which other duties go before at its start.
  await until(() =>
    gateway.metric("holdfast_queue_oldest_age_seconds", 'priority="critical"').then(
      () => true,
      () => false,
    ),
  );
  expect(await gateway.metric("holdfast_queue_depth", 'state="scheduled"')).toBeGreaterThanOrEqual(0);
  expect(await gateway.metric("holdfast_queue_oldest_age_seconds", 'priority="critical"')).toBe(0);
  expect(await gateway.metric("holdfast_database_up")).toBe(1);
});
