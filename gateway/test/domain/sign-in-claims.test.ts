import { describe, expect, it } from "vitest";
import { isReturnPath } from "../../src/domain/return-path.ts";
import type { SignInRules } from "../../src/domain/sign-in-claims.ts";
import { hasWantedClaims, judgeClaims } from "../../src/domain/sign-in-claims.ts";

const RULES: SignInRules = {
  roleClaim: "groups",
  roles: { hooks: "viewer", "on-call": "operator" },
  defaultRole: null,
  allowedDomains: [],
};
const ADA = { sub: "u-1", email: "Ada@Example.com", email_verified: true, name: "Ada", groups: ["hooks", "on-call"] };

function judge(claims: object, rules: Partial<SignInRules> = {}) {
  const judged = judgeClaims({ ...claims }, { ...RULES, ...rules });
  return judged.ok ? judged.identity : judged.reason;
}

describe("what a provider tells of somebody", () => {
  it("becomes a subject, a small-lettered address, a name and the highest role of all groups", () => {
    expect(judge(ADA)).toEqual({ subject: "u-1", email: "ada@example.com", name: "Ada", role: "operator" });
    expect(judge({ ...ADA, groups: "hooks" })).toMatchObject({ role: "viewer" });
    expect(judge({ ...ADA, name: " ", preferred_username: "ada.l" })).toMatchObject({ name: "ada.l" });
    expect(judge({ ...ADA, name: 7 })).toMatchObject({ name: "ada" });
  });

  it.each([
    ["no group has a role", { ...ADA, groups: ["x"] }, {}, "no_role"],
    ["a group is named like what every object has", { ...ADA, groups: ["constructor", "__proto__"] }, {}, "no_role"],
    ["there are no groups", { ...ADA, groups: undefined }, {}, "no_role"],
    ["there is no subject", { ...ADA, sub: undefined }, {}, "claim_missing"],
    ["the subject is too long", { ...ADA, sub: "x".repeat(256) }, {}, "claim_missing"],
    ["there is no address", { ...ADA, email: undefined }, {}, "claim_missing"],
    ["the address is said not to be verified", { ...ADA, email_verified: false }, {}, "email_unverified"],
    [
      "domains are asked and nothing is said of it",
      { ...ADA, email_verified: undefined },
      { allowedDomains: ["example.com"] },
      "email_unverified",
    ],
    ["the domain is another one", ADA, { allowedDomains: ["example.org"] }, "domain"],
    [
      "the domain only ends like an allowed one",
      { ...ADA, email: "a@notexample.com" },
      { allowedDomains: ["example.com"] },
      "domain",
    ],
  ] as const)("is refused when %s", (_, claims, rules, reason) => {
    expect(judge(claims, rules)).toBe(reason);
  });

  it("finds the groups by a name with dots, or inside an object", () => {
    const named = { ...ADA, "https://example.com/groups": ["on-call"], realm_access: { roles: ["hooks"] } };
    expect(judge(named, { roleClaim: "https://example.com/groups" })).toMatchObject({ role: "operator" });
    expect(judge(named, { roleClaim: "realm_access.roles" })).toMatchObject({ role: "viewer" });
  });

  it("gives the default role where no group does, and none where roles are given by hand", () => {
    expect(judge({ ...ADA, groups: [] }, { defaultRole: "viewer" })).toMatchObject({ role: "viewer" });
    expect(judge(ADA, { roles: {} })).toMatchObject({ role: null });
  });

  it("is asked for once more only where something is missing", () => {
    expect(hasWantedClaims(ADA, RULES)).toBe(true);
    expect(hasWantedClaims({ sub: "u-1", email: "a@example.com" }, RULES)).toBe(false);
    expect(hasWantedClaims({ sub: "u-1", email: "a@example.com" }, { ...RULES, roles: {} })).toBe(true);
    expect(hasWantedClaims({ sub: "u-1", groups: [] }, RULES)).toBe(false);
  });
});

it("a path to come back to is one of our own", () => {
  for (const path of ["/", "/events", "/events?state=dead&source=a%20b#x", "/a//b", "/%2F%2Fevil.example"])
    expect([path, isReturnPath(path)]).toEqual([path, true]);
  for (const path of [
    "",
    "//e.example",
    "/\\e.example",
    "/\n/e.example",
    "https://e.example",
    "e",
    `/${"x".repeat(2_000)}`,
  ])
    expect([path, isReturnPath(path)]).toEqual([path, false]);
});
