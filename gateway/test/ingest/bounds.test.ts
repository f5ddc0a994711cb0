import { describe, expect, it } from "vitest";
import { KEY, LARGE_KEY, LIMIT, doorOfThisFile, expectRefused } from "../support/door.ts";
import { post, postBytes, stripeEvent, until } from "../support/ingest-gateway.ts";
import { chunkBytes, exchangeRaw, requestBytes } from "../support/raw-http.ts";

const door = doorOfThisFile();
const hasty = doorOfThisFile(300);

/** A Stripe event whose body has exactly that many bytes. */
function sized(id: string, bytes: number) {
  const bare = stripeEvent(id, { pad: "" }).body.length;
  return stripeEvent(id, { pad: "x".repeat(bytes - bare) });
}

describe("a body", () => {
  it.each([
    ["under", -1],
    ["at", 0],
  ])("%s the source's limit is accepted, with a length and in chunks", async (_where, more) => {
    for (const isChunked of [false, true]) {
      const id = `evt_limit_${more}_${isChunked}`;
      const webhook = sized(id, LIMIT + more);
      const head = requestBytes(`POST ${webhook.path}`, [...webhook.headers, ["transfer-encoding", "chunked"]]);
      const bytes = isChunked
        ? Buffer.concat([
            head,
            chunkBytes(webhook.body.subarray(0, 9)),
            chunkBytes(webhook.body.subarray(9)),
            chunkBytes(""),
          ])
        : postBytes(webhook);
      expect((await exchangeRaw(door.url(), bytes)).status).toBe(200);
      expect(await door.isStored(id)).toBe(true);
    }
  });

  it("larger than all that may wait for the database is taken when nothing else waits", async () => {
    const webhook = stripeEvent("evt_large", { pad: "x".repeat(3_000_000) }, LARGE_KEY);
    expect((await post(door.url(), webhook)).status).toBe(200);
  });

  it("over the limit is refused by its announced length, before it is sent (F78)", async () => {
    const connection = await door.open();
    const webhook = sized("evt_over", LIMIT + 1);
    await connection.send(
      requestBytes(`POST ${webhook.path}`, [...webhook.headers, ["content-length", String(LIMIT + 1)]]),
    );
    expectRefused(await connection.answer(), 413, "body_too_large");
  });

  it("over the limit in chunks is refused while it still arrives (F78)", async () => {
    const connection = await door.open();
    const webhook = sized("evt_over_chunked", LIMIT + 1);
    const head = requestBytes(`POST ${webhook.path}`, [...webhook.headers, ["transfer-encoding", "chunked"]]);
    await connection.send(Buffer.concat([head, chunkBytes(webhook.body)]));
    expectRefused(await connection.answer(), 413, "body_too_large");
    expect(await door.isStored("evt_over_chunked")).toBe(false);
  });

  it("that is far too large gets its answer although the sender reads it only after its last byte", async () => {
    const connection = await door.open();
    const head = requestBytes(`POST /in/${KEY}`, [["transfer-encoding", "chunked"]]);
    connection.hold();
    await connection.send(head);
    const block = chunkBytes(Buffer.alloc(1_048_576));
    for (let i = 0; i < 30; i++) await connection.send(block);
    await connection.send(chunkBytes(""));
    expectRefused(await connection.answer(), 413, "body_too_large");
    expect((await connection.closed).wasReset).toBe(false);
  });

  it.each(["announced", "chunked"])("that ends before its %s end is never accepted (F78)", async (how) => {
    for (const cut of ["end", "reset"] as const) {
      // What is sent is genuine as it stands; only the framing says that more was to come.
      const id = `evt_truncated_${how}_${cut}`;
      const webhook = stripeEvent(id);
      const isChunked = how === "chunked";
      const framing: readonly [string, string] = isChunked
        ? ["transfer-encoding", "chunked"]
        : ["content-length", String(webhook.body.length + 1)];
      const connection = await door.open();
      await connection.send(requestBytes(`POST ${webhook.path}`, [...webhook.headers, framing]));
      await connection.send(isChunked ? chunkBytes(webhook.body) : webhook.body);
      connection[cut]();
      await until(async () => (await door.gateway().metric("holdfast_ingest_connections")) === 0);
      expect((await post(door.url(), stripeEvent(`${id}_after`))).status).toBe(200);
      expect(await door.isStored(id)).toBe(false);
    }
  });

  it("that is absent or empty is judged like any other: it does not verify", async () => {
    for (const headers of [[], [["transfer-encoding", "chunked"] as const]]) {
      const ending = headers.length === 0 ? Buffer.alloc(0) : chunkBytes("");
      const bytes = Buffer.concat([requestBytes(`POST /in/${KEY}`, headers), ending]);
      expectRefused(await exchangeRaw(door.url(), bytes), 401, "not_genuine");
    }
  });

  it.each(["gzip", "br", "deflate", "zstd", "gzip, gzip", "GZIP"])(
    "compressed with %s is refused unread (F79)",
    async (encoding) => {
      const webhook = stripeEvent("evt_compressed");
      const connection = await door.open();
      // Only the head is sent: who answers now cannot have inflated anything.
      await connection.send(
        requestBytes(`POST ${webhook.path}`, [
          ...webhook.headers,
          ["content-encoding", encoding],
          ["content-length", "170"],
        ]),
      );
      expectRefused(await connection.answer(), 415, "encoded_body");
    },
  );

  it("that comes too slowly is answered 408, and the connection is closed (F80)", async () => {
    const webhook = stripeEvent("evt_slow");
    const connection = await hasty.open();
    await connection.send(requestBytes(`POST ${webhook.path}`, [...webhook.headers, ["content-length", "500"]], "{"));
    expectRefused(await connection.answer(), 408, "body_timeout");
    await connection.closed;
  });
});

describe("headers", () => {
  const many = (count: number, value = "b"): (readonly [string, string])[] =>
    Array.from({ length: count }, (_, i) => [`x-${i}`, value] as const);

  it("up to a hundred are read, one more is refused", async () => {
    const webhook = stripeEvent("evt_100_headers");
    const own = webhook.headers.length + 2;
    expect((await exchangeRaw(door.url(), postBytes(webhook, many(100 - own)))).status).toBe(200);
    const next = stripeEvent("evt_101_headers");
    expectRefused(await exchangeRaw(door.url(), postBytes(next, many(101 - own))), 431, "too_many_headers");
    expect(await door.isStored("evt_101_headers")).toBe(false);
  });

  it("two thousand tiny ones cannot push the signature out (F82)", async () => {
    const flood = Array.from({ length: 2_100 }, () => ["a", "b"] as const);
    const answer = await exchangeRaw(door.url(), postBytes(stripeEvent("evt_flood"), flood));
    expectRefused(answer, 431, "too_many_headers");
  });

  it.each([17, 40])("%i KiB of them are refused (F82)", async (kib) => {
    const wide = [["x-wide", "v".repeat(kib * 1_024)] as const];
    expectRefused(await exchangeRaw(door.url(), postBytes(stripeEvent("evt_wide"), wide)), 431, "too_many_headers");
  });

  it("that never end are given up on (F80)", async () => {
    const connection = await hasty.open();
    await connection.send(`POST /in/${KEY} HTTP/1.1\r\nhost: gateway.test\r\nx-slow: `);
    expectRefused(await connection.answer(), 408, "body_timeout");
    await connection.closed;
  });

  it("that never begin are given up on (F80)", async () => {
    const connection = await hasty.open();
    await connection.closed;
  });

  it.each(["Host", "Content-Type", "Stripe-Signature", "Authorization", "Content-Encoding"])(
    "with %s twice are refused (F83)",
    async (name) => {
      const webhook = stripeEvent(`evt_twice_${name}`);
      const value = webhook.headers.find(([known]) => known.toLowerCase() === name.toLowerCase())?.[1] ?? "identity";
      const more: (readonly [string, string])[] = [[name, value]];
      if (!["Host", "Content-Type", "Stripe-Signature"].includes(name)) more.push([name.toLowerCase(), value]);
      const plain = requestBytes(
        `POST ${webhook.path}`,
        [["host", "gateway.test"], ...webhook.headers, ...more],
        webhook.body,
      );
      expectRefused(await exchangeRaw(door.url(), plain), 400, "duplicate_header");
      expect(await door.isStored(`evt_twice_${name}`)).toBe(false);
    },
  );

  it("with two lengths, equal or not, are refused (F84)", async () => {
    const webhook = stripeEvent("evt_two_lengths");
    for (const other of [0, 1]) {
      const lengths = [webhook.body.length, webhook.body.length + other].map(
        (n) => ["content-length", String(n)] as const,
      );
      const bytes = requestBytes(`POST ${webhook.path}`, [...webhook.headers, ...lengths], webhook.body);
      expectRefused(await exchangeRaw(door.url(), bytes), 400, "malformed_request");
    }
    expect(await door.isStored("evt_two_lengths")).toBe(false);
  });
});
