import { describe, expect, it } from "vitest";
import { KEY, LIMIT, doorOfThisFile } from "../support/door.ts";
import { post, postBytes, stripeEvent, until } from "../support/ingest-gateway.ts";
import { chunkBytes, openRaw, requestBytes } from "../support/raw-http.ts";

const door = doorOfThisFile();

/** Resolves when the door has let go of every connection: what was going to be taken has been taken by then. */
const allClosed = (): Promise<void> =>
  until(async () => (await door.gateway().metric("holdfast_ingest_connections")) === 0);

describe("a connection", () => {
  it.each([
    ["404", requestBytes("POST /in/unknown-source-key", [], "x".repeat(900)), 404],
    ["401", requestBytes(`POST /in/${KEY}`, [], "x".repeat(900)), 401],
    ["415", requestBytes(`POST /in/${KEY}`, [["content-encoding", "gzip"]], "x".repeat(900)), 415],
    ["405", requestBytes(`PUT /in/${KEY}`, [], "x".repeat(900)), 405],
  ])("goes on after a %s, and the refused body is not read as a request", async (status, bytes, expected) => {
    const connection = await door.open();
    await connection.send(bytes);
    expect((await connection.answer()).status).toBe(expected);
    const webhook = stripeEvent(`evt_after_${status}`);
    await connection.send(postBytes(webhook));
    expect((await connection.answer()).status).toBe(200);
  });

  it.each([
    ["unknown source", "/in/unknown-source-key", [], 404],
    ["compressed body", `/in/${KEY}`, [["content-encoding", "gzip"] as const], 415],
    ["body too large", `/in/${KEY}`, [], 413],
  ])(
    "is closed when the rest of a refused body is still to come (%s), whatever that body holds (F84)",
    async (what, path, more, status) => {
      const smuggled = postBytes(stripeEvent(`evt_smuggled_${what}`));
      const connection = await door.open();
      const filler = Buffer.alloc(LIMIT + 1 - 900, 120);
      const length = filler.length + smuggled.length + 5_000;
      await connection.send(requestBytes(`POST ${path}`, [...more, ["content-length", String(length)]]));
      const answer = await connection.answer();
      expect([answer.status, answer.headers["connection"]]).toEqual([status, "close"]);
      await connection.send(filler);
      await connection.send(smuggled);
      expect((await connection.closed).rest).toBe("");
      await allClosed();
      expect(await door.isStored(`evt_smuggled_${what}`)).toBe(false);
    },
  );

  it("answers pipelined requests in their order", async () => {
    const connection = await door.open();
    const good = [1, 2, 3].map((n) => postBytes(stripeEvent(`evt_pipelined_${n}`)));
    const bad = requestBytes("POST /in/unknown-source-key", [], "x");
    await connection.send(Buffer.concat([good[0]!, bad, good[1]!, good[2]!]));
    const statuses = [];
    for (let i = 0; i < 4; i++) statuses.push((await connection.answer()).status);
    expect(statuses).toEqual([200, 404, 200, 200]);
  });

  it("answers a good request before the garbage behind it, and never with the garbage's answer", async () => {
    const connection = await door.open();
    await connection.send(
      Buffer.concat([postBytes(stripeEvent("evt_before_garbage")), Buffer.from("garbage\r\n\r\n")]),
    );
    expect((await connection.answer()).status).toBe(200);
    await connection.closed;
    expect(await door.isStored("evt_before_garbage")).toBe(true);
  });

  it("takes nothing more after it said that it closes", async () => {
    const connection = await door.open();
    const refused = requestBytes("POST /in/unknown-source-key", [["transfer-encoding", "chunked"]]);
    await connection.send(Buffer.concat([refused, chunkBytes("x")]));
    expect((await connection.answer()).headers["connection"]).toBe("close");
    await connection.send(Buffer.concat([chunkBytes(""), postBytes(stripeEvent("evt_after_close"))]));
    expect((await connection.closed).rest).toBe("");
    await allClosed();
    expect(await door.isStored("evt_after_close")).toBe(false);
  });

  it("has the answers to all that came before its sender closed its side, and is closed then", async () => {
    const connection = await door.open();
    const webhooks = [1, 2].map((n) => stripeEvent(`evt_half_closed_${n}`));
    await connection.send(Buffer.concat(webhooks.map((webhook) => postBytes(webhook))));
    connection.halfClose();
    expect([(await connection.answer()).status, (await connection.answer()).status]).toEqual([200, 200]);
    expect(await connection.closed).toEqual({ wasReset: false, rest: "" });
    expect([await door.isStored("evt_half_closed_1"), await door.isStored("evt_half_closed_2")]).toEqual([true, true]);
    await allClosed();
  });

  it("of which half a request came before its sender closed its side is told so, and closed", async () => {
    const connection = await door.open();
    const whole = postBytes(stripeEvent("evt_half_sent"));
    await connection.send(whole.subarray(0, whole.length - 1));
    connection.halfClose();
    expect((await connection.answer()).headers["connection"]).toBe("close");
    expect((await connection.closed).rest).toBe("");
    await allClosed();
    expect(await door.isStored("evt_half_sent")).toBe(false);
  });

  it("is told to continue only when its body is wanted", async () => {
    const webhook = stripeEvent("evt_continue");
    const expectation = [
      ["expect", "100-continue"],
      ["content-length", String(webhook.body.length)],
    ] as const;
    const wanted = await door.open();
    await wanted.send(requestBytes(`POST ${webhook.path}`, [...webhook.headers, ...expectation]));
    expect((await wanted.answer()).status).toBe(100);
    await wanted.send(webhook.body);
    expect((await wanted.answer()).status).toBe(200);
    const unwanted = await door.open();
    await unwanted.send(requestBytes("POST /in/unknown-source-key", [...webhook.headers, ...expectation]));
    expect((await unwanted.answer()).status).toBe(404);
  });

  it("that is reset right after the body changes nothing: stored at most once, and the next one is served (F07)", async () => {
    for (let i = 0; i < 50; i++) {
      const connection = await openRaw(door.url());
      await connection.send(postBytes(stripeEvent(`evt_reset_${i}`)));
      connection.reset();
    }
    expect((await post(door.url(), stripeEvent("evt_reset_0"))).status).toBe(200);
    const stored = await door
      .gateway()
      .query<{ n: number }>("select count(*)::int as n from holdfast.event where provider_event_id = 'evt_reset_0'");
    expect(stored).toEqual([{ n: 1 }]);
    await allClosed();
    expect(door.gateway().logged.filter((line) => line.includes("an arrival failed"))).toEqual([]);
  });
});
