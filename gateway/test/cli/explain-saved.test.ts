import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { runCli } from "../support/cli.ts";
import { testFolder } from "../support/folder.ts";
import { broken, now, other, sent, shared, square, stripe, toHttp } from "./broken-requests.ts";

it.each(broken)(
  "names the cause: $what",
  async ({ saved, provider = "stripe", secret = stripe, secrets, flags = [], cause, says }) => {
    const cwd = testFolder();
    await writeFile(join(cwd, "saved.http"), toHttp(saved));
    const named = secrets === undefined ? ["--secret-env", "SECRET"] : ["--secrets-file", "secrets.json"];
    if (secrets !== undefined) await writeFile(join(cwd, "secrets.json"), JSON.stringify(secrets));
    const args = ["verify", "--provider", provider, "--request", "saved.http", ...named, "--now", now, ...flags];
    const { code, stdout, stderr } = await runCli(args, { cwd, env: { SECRET: secret } });
    expect([code, stderr]).toEqual([1, ""]);
    expect(stdout).toContain(`likely cause: ${cause}\n`);
    expect(stdout).toMatch(says);
    for (const value of [stripe, other, shared, square.secret]) expect(stdout).not.toContain(value);
  },
);

it("verifies with a pending version, and says that it is one", async () => {
  const cwd = testFolder();
  await writeFile(join(cwd, "saved.http"), toHttp(sent({ secret: other }), "\n"));
  const secrets = [
    { value: stripe, version: "v1", state: "active" },
    { value: other, version: "v2", state: "pending" },
  ];
  await writeFile(join(cwd, "secrets.json"), JSON.stringify(secrets));
  const args = [
    "verify",
    "--provider",
    "stripe",
    "--request",
    "saved.http",
    "--secrets-file",
    "secrets.json",
    "--now",
    now,
  ];
  const result = await runCli(args, { cwd });
  expect(result).toMatchObject({ code: 0, stdout: expect.stringContaining("verified by secret v2 (pending)") });
});

it("judges an export of ours as of the moment at which it came, and takes secrets from files and standard input", async () => {
  const cwd = testFolder();
  const { headers, body } = sent();
  const request = { method: "POST", url: "/in/k", headers, bodyBase64: body.toString("base64"), receivedAt: now };
  await writeFile(join(cwd, "rejection.json"), JSON.stringify({ id: "rej_1", reason: "signature_mismatch", request }));
  await mkdir(join(cwd, "keys"));
  await writeFile(join(cwd, "keys", "stripe"), `${stripe}\n`);
  const args = ["verify", "--provider", "stripe", "--request", "rejection.json", "--json"];
  const fromFile = await runCli([...args, "--secret-file", "v7=keys/stripe"], { cwd });
  expect([fromFile.code, JSON.parse(fromFile.stdout)]).toMatchObject([
    0,
    { ok: true, secretVersion: "v7", eventId: "evt_1Qz" },
  ]);
  const fromInput = await runCli([...args, "--secret-stdin"], { cwd, input: `${stripe}\n` });
  expect([fromInput.code, JSON.parse(fromInput.stdout)]).toMatchObject([0, { ok: true, secretVersion: "v1" }]);
});

it("reads a time without a zone as UTC, wherever it stands and wherever that is", async () => {
  const cwd = testFolder();
  const { headers, body } = sent();
  const zoneless = now.replace("Z", "");
  const endMs = Date.parse(now) + 3_600_000;
  await writeFile(join(cwd, "saved.http"), toHttp(sent()));
  const request = { method: "POST", url: "/in/k", headers, bodyBase64: body.toString("base64"), receivedAt: zoneless };
  await writeFile(join(cwd, "event.json"), JSON.stringify({ request }));
  const notAfter = new Date(endMs).toISOString().replace("Z", "");
  await writeFile(join(cwd, "secrets.json"), JSON.stringify([{ value: stripe, notAfter }]));
  for (const TZ of ["Asia/Tokyo", "America/New_York"]) {
    for (const saved of [["saved.http", "--now", zoneless], ["event.json"]]) {
      const args = ["verify", "--provider", "stripe", "--secrets-file", "secrets.json", "--request", ...saved];
      const { code, stdout } = await runCli(args, { cwd, env: { TZ } });
      expect([TZ, code, stdout]).toEqual([TZ, 0, expect.stringContaining("genuine")]);
    }
  }
});

it.each([
  [["--provider", "stripe"], "required option '--request <file>'"],
  [["--provider", "strpe", "--request", "saved.http"], "Did you mean stripe?"],
  [["--provider", "stripe", "--request", "none.http", "--secret-env", "SECRET"], "none.http cannot be read"],
  [["--provider", "stripe", "--request", "text.http", "--secret-env", "SECRET"], "Save it as an HTTP/1.1 request"],
  [["--provider", "stripe", "--request", "saved.http"], "--secret-env"],
  [
    ["--provider", "stripe", "--request", "saved.http", "--secret-env", "NONE"],
    "the variable NONE is empty or not set",
  ],
  [["--provider", "stripe", "--request", "saved.http", "--secrets-file", "text.http"], "text.http is no JSON"],
  [["--provider", "stripe", "--request", "saved.http", "--secret-env", "SECRET", "--now", "noon"], "--now is no time"],
  [["--provider", "stripe", "--request", "saved.http", "--secret-env", "SECRET", "--now", "5"], "--now is no time"],
  [["--provider", "stripe", "--request", "saved.http", "--secrets-file", "ends.json"], "[0].notAfter must be a time"],
  [["--provider", "discord", "--request", "saved.http"], "--public-key-file"],
  [["--provider", "square", "--request", "saved.http", "--secret-env", "SECRET"], "--notification-url"],
])("says what is wrong, where and what to do: %j", async (args, says) => {
  const cwd = testFolder();
  await writeFile(join(cwd, "saved.http"), toHttp(sent()));
  await writeFile(join(cwd, "text.http"), "hello");
  await writeFile(join(cwd, "ends.json"), JSON.stringify([{ value: stripe, notAfter: "5" }]));
  const { code, stderr } = await runCli(["verify", ...args], { cwd, env: { SECRET: stripe } });
  expect(code).toBe(2);
  expect(stderr).toContain(says);
});
