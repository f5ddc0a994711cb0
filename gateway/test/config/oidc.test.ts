import { expect, it } from "vitest";
import { loadConfig } from "../../src/config.ts";
import { redactConfig } from "../../src/config/redact-config.ts";

const load = (env: Record<string, string>, content: Record<string, unknown> = {}) =>
  loadConfig({ flags: {}, env, cwd: process.cwd(), content });

const GIVEN = {
  HOLDFAST_OIDC_ISSUER: "https://login.example.com/realms/ops",
  HOLDFAST_OIDC_CLIENT_ID: "holdfast",
  HOLDFAST_OIDC_CLIENT_SECRET: "never to be shown",
};

it("an OpenID provider is read from the environment, with a secret that is never shown", async () => {
  const loaded = await load({
    ...GIVEN,
    HOLDFAST_OIDC_ROLES: "cn=ops=operator",
    HOLDFAST_OIDC_SCOPES: "email, groups",
    HOLDFAST_OIDC_ALLOWED_DOMAINS: "Example.com",
  });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults));
  expect(loaded.config.oidc).toMatchObject({
    name: "login.example.com",
    scopes: ["openid", "email", "groups"],
    roles: { "cn=ops": "operator" },
    defaultRole: null,
    allowedDomains: ["example.com"],
  });
  expect(JSON.stringify(redactConfig(loaded.config))).not.toContain("never to be shown");
});

it("the roles of groups may be an object in the file", async () => {
  const loaded = await load(GIVEN, { oidc: { roles: { ops: "admin" }, defaultRole: "viewer" } });
  expect(loaded.ok && loaded.config.oidc).toMatchObject({ roles: { ops: "admin" }, defaultRole: "viewer" });
});

it.each([
  [
    "an issuer by http that is not this machine",
    { HOLDFAST_OIDC_ISSUER: "http://login.example.com" },
    "HOLDFAST_OIDC_ISSUER",
  ],
  ["a role that there is not", { HOLDFAST_OIDC_ROLES: "ops=root" }, "HOLDFAST_OIDC_ROLES"],
  ["a scope with a space", { HOLDFAST_OIDC_SCOPES: "open id" }, "HOLDFAST_OIDC_SCOPES"],
  ["a domain with an @", { HOLDFAST_OIDC_ALLOWED_DOMAINS: "@example.com" }, "HOLDFAST_OIDC_ALLOWED_DOMAINS"],
  ["no client", { HOLDFAST_OIDC_CLIENT_ID: "" }, "oidc.clientId"],
  [
    "a port that the network reaches, without the address of the dashboard",
    { HOLDFAST_ADMIN_HOST: "0.0.0.0" },
    "adminPublicUrl",
  ],
  [
    "a dashboard's address with a path",
    { HOLDFAST_ADMIN_PUBLIC_URL: "https://hooks.example.com/x" },
    "HOLDFAST_ADMIN_PUBLIC_URL",
  ],
])("is refused with %s", async (_, env, place) => {
  const loaded = await load({ ...GIVEN, ...env });
  const places = loaded.ok ? [] : loaded.faults.map((fault) => Object.values(fault)[0]);
  expect(places).toEqual([place]);
});
