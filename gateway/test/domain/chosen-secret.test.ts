import { randomBytes } from "node:crypto";
import { checkReceiver, findProvider, sign, verify } from "@holdfast/verify";
import { describe, expect, it } from "vitest";
import { CHOSEN_SECRET_PROVIDERS, chooseSecret } from "../../src/domain/chosen-secret.ts";

const known = CHOSEN_SECRET_PROVIDERS.filter((slug) => findProvider(slug) !== null);

describe("a secret that is made here", () => {
  it("is made for providers that the library knows, the best known among them", () => {
    expect(known).toEqual(expect.arrayContaining(["github", "gitlab", "standard-webhooks"]));
  });

  it.each(known)("is one that %s's scheme takes: nothing is wrong with it, and what it signs verifies", (provider) => {
    const value = chooseSecret(provider, randomBytes);
    if (value === null) throw new Error("no secret was made");
    const receiver = { secrets: [value] };
    expect(checkReceiver(provider, receiver).filter(({ path }) => path.startsWith("secrets"))).toEqual([]);
    expect(chooseSecret(provider, randomBytes)).not.toBe(value);
  });

  it("is in the form that its provider takes: of 24 bytes or of 32, none of them left out", () => {
    const fixed = (count: number) => new Uint8Array(count).fill(0xfb);
    const forms = new Set(known.map((provider) => chooseSecret(provider, fixed)));
    expect([...forms].toSorted()).toEqual([
      Buffer.from(fixed(24)).toString("base64url"),
      "fb".repeat(32),
      `whsec_${Buffer.from(fixed(32)).toString("base64")}`,
    ]);
  });

  it("verifies what is signed with it", () => {
    const receiver = { secrets: [chooseSecret("github", randomBytes) ?? ""] };
    const request = { method: "POST", url: "https://x.example/in", headers: [], body: Buffer.from("{}") };
    const headers = sign({ provider: "github", receiver, request, now: new Date() });
    expect(verify({ provider: "github", receiver, request: { ...request, headers }, now: new Date() }).ok).toBe(true);
  });

  it("is not made where the provider makes it", () => {
    for (const slug of ["stripe", "slack", "shopify", "unknown", "constructor"])
      expect([slug, chooseSecret(slug, randomBytes)]).toEqual([slug, null]);
  });
});
