import { expect, test } from "vitest";
import { timeOf } from "../../src/domain/id.ts";
import { openDesk, startDeliveries } from "../support/delivery-gateway.ts";
import { until } from "../support/embedded.ts";
import { startReceiver } from "../support/receiver.ts";
import { raw, silent } from "../egress/fakes/things.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Answers by its path: `/status/404`, `/after/429/<Retry-After>`, `/moved/307`. */
async function startTable() {
  const receiver = await startReceiver(({ path }, response) => {
    const [, kind, status = "200", value = ""] = path.split("/");
    if (kind === "after") response.setHeader("retry-after", decodeURIComponent(value));
    if (kind === "moved") response.setHeader("location", `${receiver.url}/canary`);
    return Number(status);
  });
  return receiver;
}

test("each answer has its class, and what follows is what docs/states.md says (F60)", async () => {
  const receiver = await startTable();
  const desk = await openDesk();
  const cases: readonly (readonly [path: string, outcome: string, next: string])[] = [
    ...[200, 201, 204, 299].map((status) => [`/status/${status}`, "succeeded", "processed"] as const),
    ...[301, 302, 303, 307, 308].map((status) => [`/moved/${status}`, "refused", "scheduled"] as const),
    ...[304, 400, 401, 404, 409, 422].map((status) => [`/status/${status}`, "refused", "scheduled"] as const),
    ...[408, 425, 500, 502, 503, 599].map((status) => [`/status/${status}`, "transient", "scheduled"] as const),
    ["/status/429", "throttled", "scheduled"],
    ["/status/410", "gone", "dead"],
  ];
  const name = (i: number) => `d-${i}`;
  // An hour, so that nothing is tried twice while the rest is.
  const retry = { scheduleSec: [3_600, 3_600] };
  const destinations = Object.fromEntries(
    cases.map(([path], i) => [name(i), { url: `${receiver.url}${path}`, retry }]),
  );
  await startDeliveries(desk, { destinations });
  const ids = await desk.record({ to: cases.map((_, i) => name(i)) });
  await until(async () => (await desk.query("SELECT FROM holdfast.attempt")).length === cases.length);
  for (const [i, [path, outcome, next]] of cases.entries()) {
    const [attempt] = await desk.attempts(ids[i]!);
    expect([path, attempt?.outcome, attempt?.next_state]).toEqual([path, outcome, next]);
    expect(attempt?.status).toBe(Number(path.split("/")[2]));
  }
  // A redirect is a failure: nobody came to where it pointed, by whatever method.
  expect(receiver.at("/canary")).toEqual([]);
});

test("410 ends the delivery, disables its destination and holds what waits for it", async () => {
  const receiver = await startReceiver(({ body }) => (body.toString().includes("last") ? 410 : 500));
  const desk = await openDesk();
  // An hour, so that what waits is held by the 410 and not when its own time comes.
  const retry = { scheduleSec: [3_600, 3_600] };
  const { logged } = await startDeliveries(desk, { destinations: { billing: { url: receiver.url, retry } } });
  const [earlier] = await desk.record({ to: ["billing"] });
  await desk.waiting(earlier!, "scheduled");
  const [last] = await desk.record({ to: ["billing"], body: Buffer.from("last") });
  expect(await desk.finished(last!)).toEqual({ state: "dead", reason: "gone", attempt: 1 });
  expect((await desk.waiting(earlier!, "held")).held_reason).toBe("destination_disabled");
  const destination = await desk.query("SELECT state, state_reason FROM holdfast.destination");
  expect(destination).toEqual([{ state: "disabled", state_reason: "answered 410 Gone" }]);
  await until(() => logged.some((line) => String(line["text"]).includes("destination disabled")));
  // What is recorded from here on waits as well, and costs no attempt.
  const [next] = await desk.record({ to: ["billing"] });
  expect(await desk.waiting(next!, "held")).toMatchObject({ held_reason: "destination_disabled", attempt: 0 });
  // Active again, what was held is delivered.
  receiver.answer = () => 200;
  await desk.query("UPDATE holdfast.destination SET state = 'active', state_reason = NULL");
  await desk.query("UPDATE holdfast.setting SET value = (value::int + 1)::text WHERE name = 'catalog_version'");
  expect(await desk.finished(next!)).toEqual({ state: "processed", reason: null, attempt: 1 });
  expect(await desk.finished(earlier!)).toEqual({ state: "processed", reason: null, attempt: 2 });
});

test("Retry-After is honoured when it is later than the schedule, up to ten hours, and never shortens a wait (F61)", async () => {
  const receiver = await startTable();
  const desk = await openDesk();
  const inTwoHours = new Date(Date.now() + 2 * HOUR_MS).toUTCString();
  const longAgo = new Date(Date.now() - HOUR_MS).toUTCString();
  // The schedule says 5 s with 20 % either way; 429 asks for a minute at least.
  const cases: readonly (readonly [status: number, value: string, leastMs: number, mostMs: number])[] = [
    [503, "7200", 2 * HOUR_MS, 2 * HOUR_MS],
    [429, "7200", 2 * HOUR_MS, 2 * HOUR_MS],
    // Counted from when it was tried, whenever that is.
    [503, inTwoHours, 0, 0],
    [503, "1", 4_000, 6_000],
    [503, longAgo, 4_000, 6_000],
    [503, "soon", 4_000, 6_000],
    [503, "-7200", 4_000, 6_000],
    [503, "1e9", 4_000, 6_000],
    [503, "99999999999999999999", 10 * HOUR_MS, 10 * HOUR_MS],
    [429, "10", MINUTE_MS, MINUTE_MS],
    [429, "nonsense", MINUTE_MS, MINUTE_MS],
    [404, "3600", HOUR_MS, HOUR_MS],
  ];
  const urls = cases.map(([status, value]) => `${receiver.url}/after/${status}/${encodeURIComponent(value)}`);
  const destinations = Object.fromEntries(urls.map((url, i) => [`d-${i}`, { url, retry: { scheduleSec: [5, 5] } }]));
  await startDeliveries(desk, { destinations });
  const ids = await desk.record({ to: Object.keys(destinations) });
  for (const [i, [status, value, leastMs, mostMs]] of cases.entries()) {
    await desk.waiting(ids[i]!, "scheduled");
    const [attempt] = await desk.attempts(ids[i]!);
    // Both are of the moment at which it was settled, by one clock: what it began by is another one.
    const waitMs = attempt!.next_due_at!.getTime() - timeOf(attempt!.id);
    const addedMs = value === inTwoHours ? Date.parse(inTwoHours) - attempt!.started_at.getTime() : 0;
    const isWithin = [waitMs >= leastMs + addedMs, waitMs <= mostMs + addedMs];
    expect([status, value, ...isWithin]).toEqual([status, value, true, true]);
  }
});

test("what happens on the way is a fault by its name, and is tried again (F56, F64)", async () => {
  const hanging = await raw(silent);
  const resetting = await raw((socket) => void socket.once("data", () => socket.resetAndDestroy()));
  const plain = await raw((socket) => void socket.once("data", () => socket.end("this is no TLS")));
  const desk = await openDesk();
  // Also the time in which it has to connect.
  const quick = { timeoutMs: 3_000 };
  await startDeliveries(desk, {
    destinations: {
      hanging: { url: hanging.url, ...quick },
      resetting: { url: resetting.url },
      // A port that nobody is given by chance.
      refusing: { url: "http://127.0.0.1:1/" },
      nameless: { url: "https://no-such-host.invalid/" },
      plain: { url: plain.url.replace("http:", "https:") },
    },
  });
  const names = ["hanging", "resetting", "refusing", "nameless", "plain"];
  const ids = await desk.record({ to: names });
  const seen = [];
  for (const id of ids) {
    await desk.waiting(id, "scheduled");
    const [attempt] = await desk.attempts(id);
    seen.push([attempt?.outcome, attempt?.detail?.split(":")[0], attempt?.status]);
  }
  expect(seen).toEqual([
    ["throttled", "timeout", null],
    ["transient", "reset", null],
    ["transient", "refused", null],
    ["transient", "dns", null],
    ["transient", "tls_handshake", null],
  ]);
});

test("a private address is refused at the dial, though it was saved when it was allowed", async () => {
  const receiver = await startReceiver();
  const desk = await openDesk();
  await startDeliveries(desk, {
    destinations: { billing: { url: receiver.url, retry: { scheduleSec: [1, 1, 1, 1] } } },
  });
  await desk.query("UPDATE holdfast.destination SET url = replace(url, '127.0.0.1', '127.0.0.2')");
  await desk.query("UPDATE holdfast.setting SET value = (value::int + 1)::text WHERE name = 'catalog_version'");
  await until(async () => {
    const [id] = await desk.record({ to: ["billing"] });
    await until(async () => (await desk.attempts(id!)).length === 1);
    return (await desk.attempts(id!))[0]!.detail?.startsWith("blocked") === true;
  });
  const blocked = await desk.query("SELECT outcome, detail FROM holdfast.attempt WHERE detail LIKE 'blocked%'");
  expect(blocked[0]).toMatchObject({ outcome: "refused" });
});

test("three refusals end a delivery, and so does the end of the schedule; the dead letter keeps the reason", async () => {
  const receiver = await startTable();
  const desk = await openDesk();
  const retry = { scheduleSec: [1, 1, 1, 1] };
  await startDeliveries(desk, {
    destinations: {
      refusing: { url: `${receiver.url}/status/404`, retry },
      failing: { url: `${receiver.url}/status/500`, retry },
    },
  });
  const [refused, failed] = await desk.record({ to: ["refusing", "failing"] });
  const isOver = async () => (await desk.query("SELECT FROM holdfast.finished_delivery")).length === 2;
  await until(async () => {
    await desk.hurry();
    return await isOver();
  });
  expect(await desk.finished(refused!)).toEqual({ state: "dead", reason: "refused", attempt: 3 });
  expect(await desk.finished(failed!)).toEqual({ state: "dead", reason: "attempts_exhausted", attempt: 5 });
  expect((await desk.attempts(failed!)).map(({ number, next_state }) => [number, next_state])).toEqual([
    [1, "scheduled"],
    [2, "scheduled"],
    [3, "scheduled"],
    [4, "scheduled"],
    [5, "dead"],
  ]);
  expect(receiver.at("/status/500").length).toBe(5);
  // One key for all attempts of one delivery.
  expect(new Set(receiver.at("/status/500").map(({ key }) => key)).size).toBe(1);
});
