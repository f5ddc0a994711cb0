import { expect, it } from "vitest";
import { redactConfig } from "../../src/config/redact-config.ts";
import { loadConfig } from "../../src/config.ts";

it("prints no secret of a configuration, wherever it stands", async () => {
  const canary = "CANARY0123456789abcdefghijklmn";
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
    },
    destinations: {
      app: {
        url: "https://a.example/",
        headers: { authorization: canary },
        signingSecret: `whsec_${Buffer.from(canary).toString("base64")}`,
      },
    },
    routes: [{ source: "stripe", destination: "app" }],
  };
  const databaseUrl = `postgres://user:${canary}@db.example:5432/holdfast?sslpassword=${canary}`;
  const loaded = await loadConfig({ flags: {}, env: { DATABASE_URL: databaseUrl }, cwd: "/", content });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults));
  const printed = JSON.stringify(redactConfig(loaded.config));
  expect(printed).not.toContain("CANARY");
  expect(printed).not.toContain(Buffer.from(canary).toString("base64"));
  expect(printed).toContain("postgres://user:***@db.example:5432/holdfast");
  expect(printed).toContain("https://a.example/");
});
