import { createPublicKey } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { keys } from "../../../verify/test/coded-sample.ts";
import type { EgressOutcome, EgressRequest } from "../../src/platform/egress/egress-outcome.ts";
import { answer, broken, openPipeline, requestOf } from "../support/keyed-pipeline.ts";

const ACCOUNT = { clientId: "client-1", clientSecret: "plaid-secret-of-the-test" };
const JWK = createPublicKey(keys.p256.publicPem).export({ format: "jwk" });
const KEY = { ...JWK, alg: "ES256", kid: "k1", use: "sig", created_at: 1_560_466_150, expired_at: null };

/** Plaid's side as it documents it: a POST with the client's credentials and the key's id, errors with type and code. */
async function startPlaid() {
  const side = { hosts: [] as string[], known: new Map<string, object>([["k1", KEY]]) };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const given = JSON.parse(Buffer.concat(chunks).toString()) as { key_id?: string };
    const { "plaid-client-id": id, "plaid-secret": secret, "content-type": type } = request.headers;
    const reply = (status: number, body: object) =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    if (request.method !== "POST" || request.url !== "/webhook_verification_key/get" || type !== "application/json")
      return reply(404, { error_type: "INVALID_REQUEST", error_code: "NOT_FOUND" });
    if (id !== ACCOUNT.clientId || secret !== ACCOUNT.clientSecret)
      return reply(400, { error_type: "INVALID_INPUT", error_code: "INVALID_API_KEYS" });
    const key = side.known.get(given.key_id ?? "");
    return key === undefined
      ? reply(400, { error_type: "INVALID_INPUT", error_code: "INVALID_WEBHOOK_VERIFICATION_KEY_ID" })
      : reply(200, { key, request_id: "r1" });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });
  const { port } = server.address() as AddressInfo;
  const asked = async ({ url, headers, body }: EgressRequest): Promise<EgressOutcome> => {
    const { host, pathname } = new URL(url);
    side.hosts.push(host);
    const given = await fetch(`http://127.0.0.1:${port}${pathname}`, {
      method: "POST",
      headers: headers.map(([name, value]): [string, string] => [name, value]),
      body: Buffer.from(body),
    });
    return answer(await given.text(), given.status);
  };
  return { side, asked };
}

describe("a key of Plaid", () => {
  it("is asked for once with the client's credentials, and again after an hour", async () => {
    const { side, asked } = await startPlaid();
    const { world, take, count } = openPipeline("plaid", ACCOUNT);
    world.asked = asked;
    expect((await take(requestOf("plaid"))).kind).toBe("recorded");
    expect((await take(requestOf("plaid"))).kind).toBe("recorded");
    expect(side.hosts).toEqual(["production.plaid.com"]);
    expect(await count("fetched")).toBe(1);
    // The token is of a fixed moment, which by then is stale; the key was asked for before that is judged.
    world.nowMs += 3_600_000;
    expect((await take(requestOf("plaid"))).kind).toBe("rejected");
    expect(side.hosts.length).toBe(2);
  });

  it("comes from the sandbox where the source is of the sandbox", async () => {
    const { side, asked } = await startPlaid();
    const { world, take } = openPipeline("plaid", { ...ACCOUNT, environment: "sandbox" });
    world.asked = asked;
    expect((await take(requestOf("plaid"))).kind).toBe("recorded");
    expect(side.hosts).toEqual(["sandbox.plaid.com"]);
  });

  it("that was rotated out before the request came verifies nothing; until then it does", async () => {
    const { side, asked } = await startPlaid();
    const opened = openPipeline("plaid", ACCOUNT);
    opened.world.asked = asked;
    const nowSec = Math.floor(opened.clock.now().getTime() / 1000);
    side.known.set("k1", { ...KEY, expired_at: nowSec + 60 });
    expect((await opened.take(requestOf("plaid"))).kind).toBe("recorded");
    const later = openPipeline("plaid", ACCOUNT);
    later.world.asked = asked;
    side.known.set("k1", { ...KEY, expired_at: nowSec - 1 });
    expect(await later.take(requestOf("plaid"))).toMatchObject({ kind: "rejected", reason: "secret_expired" });
  });

  it("of an id that Plaid does not know is refused, and asked for again after a minute", async () => {
    const { side, asked } = await startPlaid();
    const { world, rejected, take, count } = openPipeline("plaid", ACCOUNT);
    world.asked = asked;
    side.known.clear();
    for (let i = 0; i < 3; i++) expect(await take(requestOf("plaid"))).toMatchObject({ reason: "key_needed" });
    expect(rejected[0]?.summary).toContain("is none that the provider knows");
    expect([side.hosts.length, await count("absent")]).toEqual([1, 1]);
    world.nowMs += 60_000;
    side.known.set("k1", KEY);
    expect((await take(requestOf("plaid"))).kind).toBe("recorded");
  });

  it("that cannot be had makes the answer 503: no answer, 500, another key, a broken one, credentials that Plaid refuses", async () => {
    const { asked } = await startPlaid();
    const { world, rejected, take } = openPipeline("plaid", { ...ACCOUNT, clientSecret: "another" });
    const key = (fields: object) => answer(JSON.stringify({ key: { ...KEY, ...fields } }));
    const answers = [
      broken,
      answer("", 500),
      answer("{}", 400),
      answer("<html>"),
      key({ kid: "k2" }),
      key({ use: "enc" }),
    ];
    answers.push(key({ expired_at: "soon" }));
    for (const outcome of answers) {
      world.asked = () => outcome;
      expect(await take(requestOf("plaid"))).toEqual({ kind: "unavailable", cause: "key" });
      world.nowMs += 30_000;
    }
    world.asked = asked;
    expect(await take(requestOf("plaid"))).toEqual({ kind: "unavailable", cause: "key" });
    expect(rejected).toEqual([]);
  });

  it("is asked for again when the credentials are put right, and one source's wrong ones are in nobody's way", async () => {
    const { side, asked } = await startPlaid();
    const { world, findKey } = openPipeline("plaid", ACCOUNT);
    world.asked = asked;
    const need = {
      kind: "public_key",
      url: "https://production.plaid.com/webhook_verification_key/get",
      kid: "k1",
    } as const;
    const wrong = { ...ACCOUNT, clientSecret: "another" };
    expect(await findKey(need, "s", 60_000, wrong)).toEqual({ kind: "unavailable" });
    expect(await findKey(need, "s", 60_000, wrong)).toEqual({ kind: "unavailable" });
    expect(await findKey(need, "s", 60_000, ACCOUNT)).toMatchObject({ kind: "keys" });
    expect(await findKey(need, "t", 0, ACCOUNT)).toMatchObject({ kind: "keys" });
    expect(side.hosts.length).toBe(2);
  });

  it("is asked for at no other address, and by made-up ids thirty times at once at most", async () => {
    const { side, asked } = await startPlaid();
    const { world, findKey, count } = openPipeline("plaid", ACCOUNT);
    world.asked = asked;
    const ask = (url: string, kid: string) => findKey({ kind: "public_key", url, kid }, "s", 60_000, ACCOUNT);
    for (const url of ["https://plaid.com.evil.example/webhook_verification_key/get", "https://production.plaid.com/"])
      expect(await ask(url, "k1")).toEqual({ kind: "unavailable" });
    expect(side.hosts).toEqual([]);
    const url = "https://production.plaid.com/webhook_verification_key/get";
    for (let i = 0; i < 40; i++) await ask(url, `x${i}`);
    expect([side.hosts.length, await count("limited")]).toEqual([28, 12]);
  });
});
