import { describe, expect, it, onTestFinished } from "vitest";
import type { Log } from "../../src/platform/log.ts";
import { silentLog } from "../../src/platform/log.ts";
import { RECORDED, openBareDoor } from "../support/bare-door.ts";
import { KEY, doorOfThisFile, expectRefused } from "../support/door.ts";
import { faultOf, post, postBytes, stripeEvent, until } from "../support/ingest-gateway.ts";
import { exchangeRaw, openRaw, requestBytes } from "../support/raw-http.ts";

const door = doorOfThisFile();

describe("odd HTTP", () => {
  const webhook = stripeEvent("evt_odd");
  const signature = webhook.headers.find(([name]) => /signature/i.test(name))![1];
  const odd = (text: string): string =>
    text.replaceAll("SIG", signature).replaceAll("LEN", String(webhook.body.length)) + webhook.body.toString();
  const head = `POST ${webhook.path} HTTP/1.1\r\nHost: a\r\nStripe-Signature: SIG\r\n`;

  it.each([
    ["a length beside chunks", `${head}Content-Length: LEN\r\nTransfer-Encoding: chunked\r\n\r\n`, 400],
    ["chunks that are not the last coding", `${head}Transfer-Encoding: chunked, identity\r\n\r\n`, 400],
    ["an unknown coding", `${head}Transfer-Encoding: xchunked\r\n\r\n`, 400],
    ["a coding before the chunks", `${head}Transfer-Encoding: gzip, chunked\r\n\r\n`, 400],
    ["chunks in HTTP/1.0", `${head.replace("1.1", "1.0")}Transfer-Encoding: chunked\r\n\r\n`, 400],
    ["bare line feeds", `${head}Content-Length: LEN\r\n\r\n`.replaceAll("\r\n", "\n"), 400],
    ["a folded header", `${head}X-Folded: a\r\n b\r\nContent-Length: LEN\r\n\r\n`, 400],
    ["a NUL in a header", `${head}X-Nul: a\0b\r\nContent-Length: LEN\r\n\r\n`, 400],
    ["a space before the colon", `${head}Content-Length : LEN\r\n\r\n`, 400],
    ["a negative length", `${head}Content-Length: -1\r\n\r\n`, 400],
    ["a signed length", `${head}Content-Length: +LEN\r\n\r\n`, 400],
    ["no host", `${head.replace("Host: a\r\n", "")}Content-Length: LEN\r\n\r\n`, 400],
    ["a broken chunk", `${head}Transfer-Encoding: chunked\r\n\r\nZZ\r\n`, 400],
    ["HTTP/0.9", `POST ${webhook.path}\r\n\r\n`, 505],
    ["the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400],
    ["HTTP/1.2", `${head.replace("1.1", "1.2")}Content-Length: LEN\r\n\r\n`, 400],
    ["an absolute address", `${head.replace("/in/", "http://a/in/")}Content-Length: LEN\r\n\r\n`, 404],
    ["TRACE", `${head.replace("POST", "TRACE")}Content-Length: LEN\r\n\r\n`, 405],
    ["PUT", `${head.replace("POST", "PUT")}Content-Length: LEN\r\n\r\n`, 405],
    ["CONNECT", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 405],
    ["an expectation that nobody knows", `${head}Expect: 200-maybe\r\nContent-Length: LEN\r\n\r\n`, 400],
    ["no HTTP at all", "\u0016\u0003\u0001\u0002\u0000\u0001\r\n\r\n", 400],
  ])("%s is refused (F84, F85)", async (_what, text, status) => {
    const connection = await door.open();
    await connection.send(Buffer.from(odd(text), "latin1"));
    const answer = await connection.answer();
    expectRefused(answer, status, faultOf(answer));
    // One answer and no other, whatever came behind the request.
    if (answer.headers["connection"] === "close") expect((await connection.closed).rest).toBe("");
    else {
      await connection.send(requestBytes("POST /in/unknown-source-key"));
      expectRefused(await connection.answer(), 404, "unknown_source");
    }
    expect(await door.isStored("evt_odd")).toBe(false);
  });

  it("a sender that keeps its connection open after garbage is cut off", async () => {
    const connection = await door.open();
    await connection.send("garbage\r\n\r\n");
    await connection.closed;
    await until(async () => (await door.gateway().metric("holdfast_ingest_connections")) === 0);
  });

  it("an offer to upgrade is ignored, and the webhook taken", async () => {
    const offered = stripeEvent("evt_upgrade");
    const offer = [
      ["connection", "Upgrade, HTTP2-Settings"],
      ["upgrade", "h2c"],
      ["http2-settings", "AAEAAEAA"],
    ] as const;
    expect((await exchangeRaw(door.url(), postBytes(offered, offer))).status).toBe(200);
    expect(await door.isStored("evt_upgrade")).toBe(true);
  });
});

describe("a path", () => {
  it.each([
    "/",
    "/in",
    "/in/",
    `/in/${KEY}/`,
    `/in/${KEY}%00`,
    `/in/${KEY}/..`,
    `/in/../in/${KEY}`,
    `/in/..%2f${KEY}`,
    `//in/${KEY}`,
    `/IN/${KEY}`,
    `/in/${KEY}x`,
    `/in/${KEY.toUpperCase()}`,
    `/in/${"k".repeat(10_000)}`,
    "/in/unknown-source-key",
    "/metrics",
    "/api/v1/events",
    "*",
  ])("%s leads nowhere (F88)", async (path) => {
    const webhook = stripeEvent("evt_path");
    const answer = await exchangeRaw(door.url(), requestBytes(`POST ${path}`, webhook.headers, webhook.body));
    expectRefused(answer, 404, faultOf(answer));
    expect(await door.isStored("evt_path")).toBe(false);
  });

  it("with a query leads to its source", async () => {
    const webhook = { ...stripeEvent("evt_query"), path: `/in/${KEY}?a=b%00` };
    expect((await post(door.url(), webhook)).status).toBe(200);
  });
});

it("GET is refused where the provider only posts", async () => {
  const answer = await exchangeRaw(door.url(), requestBytes(`GET /in/${KEY}`));
  expectRefused(answer, 405, "method_not_allowed");
  expect(answer.headers["allow"]).toBe("POST");
});

it("every signature that does not verify gets the same answer but for its id", async () => {
  const good = stripeEvent("evt_forged");
  const without = (name: string) => good.headers.filter(([known]) => known.toLowerCase() !== name);
  const forgeries = [
    { ...good, body: Buffer.from(good.body.toString().replace("evt_forged", "evt_fOrged")) },
    { ...good, headers: without("stripe-signature") },
    { ...good, headers: [...without("stripe-signature"), ["stripe-signature", "t=1,v1=00"] as const] },
    { ...good, headers: [...without("stripe-signature"), ["stripe-signature", "x"] as const] },
  ];
  const answers = [];
  for (const forged of forgeries) {
    const answer = await post(door.url(), forged);
    expectRefused(answer, 401, "not_genuine");
    answers.push(answer.body.replace(/"id":"rej_[^"]+"/, ""));
  }
  expect(new Set(answers).size).toBe(1);
});

it("an answer that cannot be written ends its connection and no other, and is logged", async () => {
  const logged: string[] = [];
  const { url } = await openBareDoor({
    log: { ...silentLog, error: (_fields: unknown, words: string) => void logged.push(words) } as Log,
    ingest: async ({ source }) =>
      source.name === "broken-source"
        ? { kind: "handshake", status: 200, headers: { "x-broken": "a\nb" }, body: new Uint8Array() }
        : RECORDED,
  });
  const broken = await openRaw(url);
  onTestFinished(() => broken.end());
  await broken.send(requestBytes("GET /in/broken-source"));
  expect((await broken.closed).rest).toBe("");
  expect(logged).toEqual(["an answer could not be written"]);
  expect((await exchangeRaw(url, requestBytes("POST /in/plain-source", [], "x"))).status).toBe(200);
});
