import type { KeyNeed } from "@holdfast/verify";
import { describe, expect, it } from "vitest";
import { indexCatalog } from "../../src/pipeline/catalog-index.ts";
import type { ClientCredentials, KeyAnswer } from "../../src/pipeline/fetched-keys.ts";
import { pickKeys, readClientKey, readFetched } from "../../src/pipeline/fetched-keys.ts";
import { verifyWithKeys } from "../../src/pipeline/verify-with-keys.ts";
import { NOW, arrivalOf, destinationRow, readyOf, routeRow, secretOf, sourceRow } from "../support/catalog-rows.ts";

const OLD = new Date(NOW.getTime() - 1);

describe("the catalog, as events need it", () => {
  const version = sourceRow("pay").secrets[0]!;
  const secrets = [
    { ...version, version: "v3", state: "retired" as const },
    { ...version, version: "v2", value: null },
    { ...version, version: "v1", notAfter: OLD },
    { ...version, version: "v0" },
  ];
  const catalog = {
    version: 7,
    sources: [sourceRow("pay", { secrets, receiver: { tolerance: 1 } }), sourceRow("shop")],
    destinations: [destinationRow("crm"), destinationRow("foreign", { tenant: "acme" })],
    routes: [
      routeRow("pay", "crm", { priority: 1 }),
      routeRow("shop", "crm"),
      routeRow("pay", "crm", { state: "disabled", id: "off" }),
      routeRow("pay", "foreign"),
      routeRow("pay", "gone"),
    ],
    throttles: [],
  };

  it("gives a source its active routes to destinations of its tenant, and the secrets that may verify", () => {
    const ready = indexCatalog(catalog).findSource("pay-key")!;
    expect(ready.routes).toEqual([
      {
        id: "pay-crm",
        name: "pay-crm",
        destinationId: "crm",
        eventTypes: ["*"],
        priority: 1,
        filter: null,
        orderBy: null,
        heldReason: null,
      },
    ]);
    expect(ready.receiver).toEqual({
      tolerance: 1,
      secrets: [
        { value: secretOf("pay"), version: "v1", notAfter: OLD },
        { value: secretOf("pay"), version: "v0", notAfter: undefined },
      ],
    });
  });

  it("finds by key and by id, and nothing where there is nothing", () => {
    const index = indexCatalog(catalog);
    expect([index.findSourceById("shop")?.name, index.findDestination("crm")?.name]).toEqual(["shop", "crm"]);
    expect([index.findSource("x"), index.findSourceById("x"), index.findDestination("x")]).toEqual([null, null, null]);
  });
});

const JWK = { kty: "EC", crv: "P-256", x: "x1", y: "y1" };
const bytes = (value: unknown) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value));

describe("what a provider publishes", () => {
  const many = (count: number, kid: (i: number) => string) =>
    Array.from({ length: count }, (_, i) => ({ ...JWK, kid: kid(i), x: String(i) }));
  const keysOf = (keys: unknown) => {
    const found = readFetched("jwks", bytes({ keys }));
    return typeof found === "string" || found.kind !== "jwks" ? found : found.keys;
  };

  it.each(["", "null", "7", '"keys"', "[]", "{}", '{"keys":{}}'])("is no set of keys: %s", (text) => {
    expect(readFetched("jwks", bytes(text))).toBe("it is no JWK Set");
  });

  it.each([
    [null],
    ["kid"],
    [{ ...JWK }],
    [{ ...JWK, kid: 7 }],
    [{ ...JWK, kid: "enc", use: "enc" }],
    [{ ...JWK, kid: "long", n: "n".repeat(8_192) }],
  ])("is no key to verify with: %j", (key) => {
    expect(keysOf([key])).toBe("it holds no public key with an id");
    expect([...(keysOf([key, { ...JWK, kid: "a" }]) as ReadonlyMap<string, unknown>).keys()]).toEqual(["a"]);
  });

  it("is read up to its bounds, with the public members alone, and found by its id", () => {
    const value = JSON.stringify(JWK);
    const found = readFetched("jwks", bytes({ keys: [{ ...JWK, kid: "a", use: "sig", d: "private", e: 7 }] }));
    if (typeof found === "string") throw new Error(found);
    expect(pickKeys(found, "a")).toEqual({ kind: "keys", publicKeys: [{ kid: "a", format: "jwk", value }] });
    expect([pickKeys(found, "b"), pickKeys(found, null)]).toEqual([null, null]);
    expect((keysOf(many(201, (i) => `k${i}`)) as ReadonlyMap<string, unknown>).size).toBe(200);
    expect((keysOf(many(5, () => "same")) as ReadonlyMap<string, unknown[]>).get("same")).toHaveLength(3);
    const padded = (length: number) => ({
      kty: "RSA",
      n: "n".repeat(length - '{"kty":"RSA","n":""}'.length),
      kid: "n",
    });
    expect((keysOf([padded(8_192)]) as ReadonlyMap<string, unknown>).size).toBe(1);
    expect(keysOf([padded(8_193)])).toBe("it holds no public key with an id");
  });

  it("is a bundle of certificates of 64 KiB at most, whatever id is asked for", () => {
    const head = "-----BEGIN CERTIFICATE-----";
    const pem = head.padEnd(65_536, "x");
    const found = readFetched("certificate", bytes(pem));
    expect(found).toEqual({ kind: "certificate", pem });
    expect(pickKeys(found as Exclude<typeof found, string>, "a")).toBe(found);
    expect(readFetched("certificate", bytes(`${pem}x`))).toBe("it is longer than 65536 characters");
    expect(readFetched("certificate", bytes("-----BEGIN"))).toBe("it holds no certificate as PEM");
  });

  it.each([
    [{ key: { ...JWK, kid: "k1" } }, JWK],
    [{ key: { ...JWK, kid: "k1", expired_at: null } }, JWK],
    [{ key: { ...JWK, kid: "k1", expired_at: 7 } }, { ...JWK, expired_at: 7 }],
    [{ key: { ...JWK, kid: "k1", expired_at: "7" } }, "its key's expired_at is no number"],
    [{ key: { ...JWK, kid: "k2" } }, "it holds a key of another id"],
    [{ key: { ...JWK } }, "it holds no public key with an id"],
    [{ keys: { ...JWK, kid: "k1" } }, "it holds no public key with an id"],
  ])("is the one key that was asked for by its id: %j", (body, expected) => {
    const value = JSON.stringify(expected);
    const keys = new Map([["k1", [{ kid: "k1", format: "jwk", value }]]]);
    expect(readClientKey("k1", bytes(body))).toEqual(typeof expected === "string" ? expected : { kind: "jwks", keys });
  });
});

describe("an arrival whose key is asked for", () => {
  const URL = `https://keys.example/${"u".repeat(300)}`;
  const CLIENT = { clientId: "c", clientSecret: "s" };
  const ask = async (
    need: Partial<KeyNeed>,
    answer: KeyAnswer,
    receiver: object = {},
    receiverUnreadable: string[] = [],
  ) => {
    const asked: (ClientCredentials | undefined)[] = [];
    const findKey = (_need: KeyNeed, _source: string, _ms: number, credentials?: ClientCredentials) => {
      asked.push(credentials);
      return answer;
    };
    const ready = readyOf({ provider: "plaid", receiver: { ...receiver }, receiverUnreadable });
    const clock = { now: () => NOW, monotonicMs: () => 0 };
    const first: KeyNeed = { kind: "public_key", url: URL, kid: "k".repeat(80), ...need };
    const found = await verifyWithKeys({ clock, findKey, publicUrl: null }, ready, arrivalOf("{}"), first);
    return { asked, found };
  };
  const told = (kid: string | null, why: string, remedy: string) => ({
    kind: "refused",
    reason: "key_needed",
    diagnosis: {
      step: "request",
      summary: `The key${kid === null ? "" : ` ${kid}`} at ${URL.slice(0, 256)} ${why}: ${remedy}.`,
      evidence: { url: URL.slice(0, 256), ...(kid === null ? {} : { kid }) },
      likelyCause: null,
    },
  });
  const FORGED =
    "a request of the provider itself names a key that it has published, so this one is most likely forged, or of another environment";
  const BY_HAND =
    "give the source its clientId and clientSecret, or fetch it and add it to the source's publicKeys as a jwk with this kid";

  it.each([{}, { clientId: "c" }, { clientSecret: "s" }])(
    "is refused where the source is no client: %j",
    async (receiver) => {
      const { asked, found } = await ask({}, { kind: "absent" }, receiver);
      const why = "is given to those with the provider's credentials only";
      expect([found, asked]).toEqual([told("k".repeat(64), why, BY_HAND), []]);
      expect((await ask({}, { kind: "absent" }, receiver, ["clientSecret"])).found).toEqual({ kind: "unavailable" });
    },
  );

  it.each([
    ["public_key", "is none that the provider knows", [CLIENT]],
    ["jwks", "is not in the set that the provider publishes", [undefined]],
    ["certificate", "is not published there", [undefined]],
  ] as const)("is refused where the provider has no such %s", async (kind, why, credentials) => {
    const { asked, found } = await ask({ kind }, { kind: "absent" }, CLIENT, ["clientSecret"]);
    expect([found, asked]).toEqual([told("k".repeat(64), why, FORGED), credentials]);
    expect((await ask({ kind, kid: null }, { kind: "absent" }, CLIENT)).found).toEqual(told(null, why, FORGED));
    expect((await ask({ kind }, { kind: "unavailable" }, CLIENT)).found).toEqual({ kind: "unavailable" });
  });
});
