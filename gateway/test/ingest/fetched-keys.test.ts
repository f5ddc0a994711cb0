import { createPublicKey, sign as signBytes } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { certificates } from "../../../verify/test/certificates.ts";
import { keys } from "../../../verify/test/coded-sample.ts";
import { createIngestDoor } from "../../src/http/ingest-door.ts";
import { createTurns } from "../../src/http/turns.ts";
import { ingest } from "../../src/pipeline/ingest.ts";
import { silentLog } from "../../src/platform/log.ts";
import { post } from "../support/ingest-gateway.ts";
import {
  GOOGLE,
  NOW,
  PUBSUB,
  answer,
  broken,
  google,
  heldBack,
  keySet,
  openPipeline,
  push,
  requestOf,
  stranger,
} from "../support/keyed-pipeline.ts";

const TRUELAYER = "https://webhooks.truelayer.com/.well-known/jwks";
const ENTRA = "https://login.microsoftonline.com/common/discovery/v2.0/keys";
/** The application of Microsoft Graph that signs the tokens of rich notifications. */
const GRAPH = "0bf30f3b-4a52-48df-9a82-234910c4a086";

function makeToken(kid: string, claims: object): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
  const content = `${encode({ alg: "RS256", kid })}.${encode(claims)}`;
  return `${content}.${signBytes("sha256", Buffer.from(content), google.pem).toString("base64url")}`;
}

describe("a token by a key that must be fetched", () => {
  it("has it fetched once from the provider's own host, and is verified then and later", async () => {
    const { world, fetched, take, count } = openPipeline("google-pubsub", PUBSUB);
    world.published = () => keySet("g0", "g1");
    expect((await take(push("g1"))).kind).toBe("recorded");
    expect((await take(push("g1"))).kind).toBe("recorded");
    expect((await take(push("g0"))).kind).toBe("recorded");
    expect([fetched, await count("fetched")]).toEqual([[GOOGLE], 1]);
  });

  it("shares one fetch with a hundred that come at once", async () => {
    const { world, fetched, take } = openPipeline("google-pubsub", PUBSUB);
    const { promise, resolve } = heldBack();
    world.published = () => promise;
    const arrivals = Array.from({ length: 100 }, () => take(push("g1")));
    resolve(keySet("g1"));
    expect(new Set((await Promise.all(arrivals)).map(({ kind }) => kind))).toEqual(new Set(["recorded"]));
    expect(fetched).toEqual([GOOGLE]);
  });

  it("has the set fetched again after an hour", async () => {
    const { world, fetched, take } = openPipeline("google-pubsub", PUBSUB);
    world.published = () => keySet("g1");
    await take(push("g1"));
    world.nowMs += 3_599_999;
    await take(push("g1"));
    expect(fetched.length).toBe(1);
    world.nowMs += 1;
    await take(push("g1"));
    expect(fetched.length).toBe(2);
  });

  it("of an id that is not in the set has it fetched again once a minute at most, and is refused meanwhile", async () => {
    const { world, fetched, rejected, take } = openPipeline("google-pubsub", PUBSUB);
    world.published = () => keySet("g1");
    await take(push("g1"));
    for (const kid of ["x1", "x2", "x3"]) expect(await take(push(kid))).toMatchObject({ reason: "key_needed" });
    world.nowMs += 59_999;
    expect((await take(push("g2"))).kind).toBe("rejected");
    expect(fetched.length).toBe(1);
    world.nowMs += 1;
    world.published = () => keySet("g1", "g2");
    expect((await take(push("g2"))).kind).toBe("recorded");
    expect((await take(push("x4"))).kind).toBe("rejected");
    expect(fetched.length).toBe(2);
    expect(rejected[0]?.summary).toContain(
      "The key x1 at https://www.googleapis.com/oauth2/v3/certs is not in the set",
    );
  });

  it("is neither accepted nor rejected while it cannot be had, and the provider is asked again after 30 s", async () => {
    const { world, fetched, rejected, take, count } = openPipeline("google-pubsub", PUBSUB);
    const answers = [broken, answer("", 500), answer("<html>"), answer('{"keys":[{"kty":"oct","k":"AA"}]}')];
    for (const outcome of answers) {
      world.published = () => outcome;
      expect(await take(push("g1"))).toEqual({ kind: "unavailable", cause: "key" });
      world.nowMs += 29_999;
      expect(await take(push("g1"))).toEqual({ kind: "unavailable", cause: "key" });
      world.nowMs += 1;
    }
    expect([rejected, fetched.length]).toEqual([[], 4]);
    expect([await count("failed"), await count("unusable")]).toEqual([2, 2]);
    world.published = () => keySet("g1");
    expect((await take(push("g1"))).kind).toBe("recorded");
  });

  it("of an unknown id is not rejected when the set could not be fetched again; known ids go on", async () => {
    const { world, rejected, take } = openPipeline("google-pubsub", PUBSUB);
    world.published = () => keySet("g1");
    await take(push("g1"));
    world.nowMs += 60_000;
    world.published = () => broken;
    expect((await take(push("g2"))).kind).toBe("unavailable");
    world.nowMs += 59_999;
    expect((await take(push("g2"))).kind).toBe("unavailable");
    expect((await take(push("g1"))).kind).toBe("recorded");
    expect(rejected).toEqual([]);
  });

  it("that a stranger signed under a published id is refused", async () => {
    const { world, fetched, take } = openPipeline("google-pubsub", PUBSUB);
    world.published = () => keySet("g1");
    for (let i = 0; i < 3; i++)
      expect(await take(push("g1", stranger.pem))).toMatchObject({ kind: "rejected", reason: "signature_mismatch" });
    expect(fetched).toEqual([GOOGLE]);
  });

  it("that is another one than was asked for is fetched once, and the token refused", async () => {
    const { rejected, deps, ready } = openPipeline("google-pubsub", PUBSUB);
    const other = { kid: "other", format: "jwk", value: JSON.stringify(google.jwk) };
    deps.findKey = () => ({ kind: "keys", publicKeys: [other] });
    const arrival = { ...push("g1"), remoteAddress: "192.0.2.1", receivedAt: NOW };
    expect(await ingest(deps, ready, arrival)).toMatchObject({ kind: "rejected", reason: "key_needed" });
    expect(rejected[0]?.summary).toContain("was fetched and is of no use for this signature");
  });

  it("is tried with the source's own keys beside those that were fetched", async () => {
    const own = { kid: "own", format: "jwk", value: JSON.stringify(google.jwk) };
    const { world, fetched, take } = openPipeline("google-pubsub", { ...PUBSUB, publicKeys: [own] });
    expect((await take(push("own"))).kind).toBe("recorded");
    expect(fetched).toEqual([]);
    world.published = () => keySet("g1");
    expect((await take(push("g1"))).kind).toBe("recorded");
  });

  it("of Plaid is refused with what to do, since Plaid gives its keys to its clients only", async () => {
    const { fetched, rejected, take } = openPipeline("plaid", {});
    expect(await take(requestOf("plaid"))).toMatchObject({ kind: "rejected", reason: "key_needed" });
    expect(rejected[0]?.summary).toContain("add it to the source's publicKeys as a jwk with this kid");
    expect(fetched).toEqual([]);
  });
});

describe("the key of another scheme", () => {
  it("is found for TrueLayer, never where a request points", async () => {
    const { world, fetched, take } = openPipeline("truelayer", {});
    const jwk = createPublicKey(keys.p521.publicPem).export({ format: "jwk" });
    world.published = () => answer(JSON.stringify({ keys: [{ ...jwk, kid: "tl1" }] }));
    const request = { ...requestOf("truelayer"), url: new URL(requestOf("truelayer").url).pathname };
    const [head = "", , signature = ""] = request.headers.find(([name]) => name === "Tl-Signature")![1].split(".");
    const fields = JSON.parse(Buffer.from(head, "base64url").toString()) as object;
    const moved = Buffer.from(JSON.stringify({ ...fields, jku: "https://evil.example/jwks" })).toString("base64url");
    const headers = request.headers.map(([name, value]): [string, string] =>
      name === "Tl-Signature" ? [name, `${moved}..${signature}`] : [name, value],
    );
    expect((await take({ ...request, headers })).kind).toBe("rejected");
    expect(fetched).toEqual([]);
    expect((await take(request)).kind).toBe("recorded");
    expect(fetched).toEqual([TRUELAYER]);
  });

  it("is asked for in three rounds at most for one request, which wait 2 s together", async () => {
    const issuer = "https://login.microsoftonline.com/t/v2.0";
    const state = "s".repeat(32);
    const { world, fetched, rejected, deps, ready, findKey } = openPipeline("microsoft-graph", {
      audience: "app",
      issuers: [issuer],
    });
    const source = { ...ready, receiver: { ...ready.receiver, secrets: [state] } };
    world.published = () => keySet("k1", "k2", "k3", "k4");
    const claims = { iss: issuer, aud: "app", azp: GRAPH, exp: NOW.getTime() / 1000 + 600 };
    const notify = (...kids: string[]) => {
      const value = [{ clientState: state, id: "1", changeType: "created" }];
      const body = Buffer.from(JSON.stringify({ value, validationTokens: kids.map((kid) => makeToken(kid, claims)) }));
      const arrival = { method: "POST", url: "/", headers: [], body, remoteAddress: "192.0.2.1", receivedAt: NOW };
      return ingest(deps, source, arrival);
    };
    const withinMs: number[] = [];
    deps.findKey = (need, sourceId, leftMs) => {
      withinMs.push(leftMs);
      world.nowMs += 900;
      return findKey(need, sourceId, leftMs);
    };
    expect((await notify("k1", "k2", "k3")).kind).toBe("recorded");
    expect(withinMs).toEqual([2_000, 1_100, 200]);
    expect(await notify("k1", "k2", "k3", "k4")).toMatchObject({ kind: "rejected", reason: "key_needed" });
    expect(rejected[0]?.summary).toContain("would be one more than the 3");
    expect(fetched).toEqual([ENTRA]);
  });

  it("is a certificate for SNS, never fetched from a host that is not Amazon's", async () => {
    const { world, fetched, take } = openPipeline("aws-sns", { audience: "arn:aws:sns:eu-west-1:1:t" });
    world.published = () => answer(certificates.signer);
    const genuine = requestOf("aws-sns");
    const evil = {
      ...genuine,
      body: Buffer.from(genuine.body.toString().replace("amazonaws.com", "amazonaws.com.evil.example")),
    };
    expect(await take(evil)).toMatchObject({ kind: "rejected", reason: "certificate_untrusted" });
    expect(fetched).toEqual([]);
    expect((await take(genuine)).kind).toBe("recorded");
    const forged = { ...genuine, body: Buffer.from(genuine.body.toString().replace("hello", "hullo")) };
    expect(await take(forged)).toMatchObject({ kind: "rejected", reason: "signature_mismatch" });
    expect(fetched.length).toBe(1);
    expect(fetched[0]).toMatch(/^https:\/\/sns\.[a-z0-9-]+\.amazonaws\.com\//);
  });
});

describe("at the door", () => {
  it("a key that cannot be had is answered 503 with Retry-After, a forged token 401, a genuine one 200", async () => {
    const { world, rejected, clock, metrics, deps, ready } = openPipeline("google-pubsub", PUBSUB);
    const door = createIngestDoor(
      {
        findSource: () => ready,
        ingest: (found, arrival) => ingest(deps, found, arrival),
        closedBecause: () => null,
        admit: () => null,
        classOf: () => "normal",
        turns: createTurns(clock),
        clock,
        log: silentLog,
        metrics,
      },
      { headersTimeoutMs: 5_000, bodyTimeoutMs: 5_000, connectionsMax: 10, bodiesBytesMax: 1_000_000 },
    );
    door.listen(0, "127.0.0.1");
    await once(door, "listening");
    onTestFinished(async () => {
      door.closeAllConnections();
      door.close();
      await once(door, "close");
    });
    const url = `http://127.0.0.1:${(door.address() as AddressInfo).port}`;
    const send = (pem: string) => post(url, { ...push("g1", pem), path: "/in/google-pubsub-key" });
    const refused = await send(google.pem);
    expect([refused.status, Number(refused.headers["retry-after"]) >= 3]).toEqual([503, true]);
    expect(refused.body).toContain("urn:holdfast:fault:key_unavailable");
    expect(refused.body).not.toContain("googleapis");
    expect(rejected).toEqual([]);
    world.nowMs += 30_000;
    world.published = () => keySet("g1");
    expect((await send(stranger.pem)).status).toBe(401);
    expect((await send(google.pem)).status).toBe(200);
    expect(rejected.map(({ reason }) => reason)).toEqual(["signature_mismatch"]);
  });
});
