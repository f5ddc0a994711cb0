import { expect, it } from "vitest";
import { redactConfig } from "../../src/config/redact-config.ts";
import { loadConfig } from "../../src/config.ts";

it("prints no secret of a configuration, wherever it stands", async () => {
  const canary = "CANARY0123456789abcdefghijklmn";
  const signingSecret = `whsec_${Buffer.from(canary).toString("base64")}`;
  const content = {
    secretKey: canary,
    sources: {
      stripe: {
        provider: "stripe",
        secrets: [`whsec_${canary}`],
        key: `key-${canary}`,
        password: canary,
        verifyToken: canary,
      },
      github: { provider: "github", secrets: [{ value: canary, version: "v2" }] },
      plaid: { provider: "plaid", clientId: "client-1", clientSecret: canary },
    },
    destinations: {
      app: {
        url: "https://a.example/",
        headers: { authorization: canary },
        signingSecret,
      },
    },
    routes: [{ source: "stripe", destination: "app" }],
    reconciliations: {
      log: { source: "stripe", connector: { kind: "stripe" }, secret: `rk_live_${canary}`, eventTypes: ["*"] },
    },
    alerts: {
      channels: {
        chat: { kind: "slack", url: `https://hooks.slack.com/services/T0/B0/${canary}` },
        duty: { kind: "pagerduty", routingKey: canary },
        hook: { kind: "webhook", url: "https://ops.example/in", signingSecret },
        mail: {
          kind: "email",
          host: "mail.example",
          from: "holdfast@example.com",
          to: ["ops@example.com"],
          username: "holdfast",
          password: canary,
        },
      },
    },
    oidc: { issuer: "https://login.example.com", clientId: "holdfast", clientSecret: canary },
  };
  const databaseUrl = `postgres://user:${canary}@db.example:5432/holdfast?sslpassword=${canary}`;
  const loaded = await loadConfig({ flags: {}, env: { DATABASE_URL: databaseUrl }, cwd: "/", content });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults));
  const printed = JSON.stringify(redactConfig(loaded.config));
  expect(printed).not.toContain("CANARY");
  expect(printed).not.toContain(Buffer.from(canary).toString("base64"));
  expect(printed).toContain("postgres://user:***@db.example:5432/holdfast");
  expect(printed).toContain("https://a.example/");
  expect(printed).toContain("https://ops.example/in");
  // Nothing is hidden because it was not read.
  const { definition, oidc } = loaded.config;
  expect(Object.keys(definition?.alerts?.channels ?? {})).toEqual(Object.keys(content.alerts.channels));
  for (const held of [definition?.sources["plaid"], definition?.reconciliations["log"], oidc])
    expect(JSON.stringify(held)).toContain(canary);
});
