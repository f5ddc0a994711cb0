import { createApi } from "@holdfast/client";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { samples } from "../../src/cli/samples/all-samples.ts";
import { type CliResult, runCli, startCli, whenReady } from "../support/cli.ts";
import { testDatabase } from "../support/database.ts";
import { until } from "../support/embedded.ts";
import { testFolder } from "../support/folder.ts";

async function ownDatabase(): Promise<Record<string, string>> {
  const database = await testDatabase();
  onTestFinished(() => database.drop());
  return { DATABASE_URL: database.url };
}

function lines(result: CliResult): Record<string, unknown>[] {
  expect(result.stderr).toBe("");
  expect(result.code).toBe(0);
  return result.stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

const FREE_PORTS = ["--port", "0", "--admin-port", "0", "--receiver-port", "0"];

it("dev, send, events: the sample arrives at the sample receiver, and its timeline tells how", async () => {
  const cwd = testFolder();
  const env = await ownDatabase();
  const dev = startCli(["dev", "--json", ...FREE_PORTS], { cwd, env });
  const { receiverUrl } = await whenReady(dev);

  const [sent] = lines(await runCli(["send", "stripe", "invoice.paid", "--json"], { cwd }));
  expect(sent).toMatchObject({ status: 200, duplicate: false, eventId: expect.stringMatching(/^evt_/) });
  const eventId = String(sent?.["eventId"]);
  await dev.line(new RegExp(`"genuine":true.*"eventId":"${eventId}"|"eventId":"${eventId}".*"genuine":true`));
  expect(await (await fetch(`${receiverUrl}/`)).json()).toMatchObject({
    items: [{ eventId, eventType: "invoice.paid", source: "sample-stripe" }],
  });

  expect(lines(await runCli(["events", "--json"], { cwd }))).toMatchObject([
    { id: eventId, eventType: "invoice.paid" },
  ]);
  const processed = async () => lines(await runCli(["deliveries", "--state", "processed", "--json"], { cwd }));
  // The receiver has answered before the answer is settled.
  await until(async () => (await processed()).length > 0);
  const shown = await runCli(["events", "show", eventId], { cwd });
  expect(shown).toMatchObject({ code: 0, stderr: "" });
  for (const step of ["received", "validated", "queued", "processing", "processed"])
    expect(shown.stdout).toContain(step);
  expect(shown.stdout).toMatch(/\+\d+(\.\d)? m?s/);
  const body = await runCli(["events", "show", eventId, "--body"], { cwd });
  expect(JSON.parse(body.stdout)).toMatchObject({ type: "invoice.paid" });

  expect(await processed()).toMatchObject([{ eventId, state: "processed" }]);
  expect(lines(await runCli(["dead", "--json"], { cwd }))).toEqual([]);
  expect((await dev.stop()).code).toBe(0);
});

it("sends as many as asked, of every provider, and says when a type is not known", async () => {
  const cwd = testFolder();
  const dev = startCli(["dev", "--json", ...FREE_PORTS], { cwd, env: await ownDatabase() });
  const { adminUrl, adminToken } = await whenReady(dev);
  // Twilio and HubSpot sign their URL, Mailgun signs inside the body.
  for (const provider of ["github", "slack", "twilio", "gitlab", "svix", "mailgun", "hubspot", "zoom"]) {
    expect(lines(await runCli(["send", provider, "--json"], { cwd })), provider).toMatchObject([{ status: 200 }]);
  }
  const ids = lines(await runCli(["send", "stripe", "--count", "3", "--json"], { cwd })).map(({ eventId }) => eventId);
  expect(new Set(ids).size).toBe(3);
  const odd = await runCli(["send", "stripe", "no.such.type"], { cwd });
  expect(odd).toMatchObject({ code: 0, stderr: expect.stringContaining("generic body") });
  const twice = ["send", "stripe", "--data", '{"id":"evt_1","type":"a.b"}', "--json"];
  expect(lines(await runCli(twice, { cwd }))).toMatchObject([{ status: 200, duplicate: false }]);
  expect(lines(await runCli(twice, { cwd }))).toMatchObject([{ status: 200, duplicate: true }]);
  const api = createApi({ url: adminUrl, token: adminToken });
  const secrets = [`whsec_${Buffer.alloc(32, 7).toString("base64")}`];
  await api.sources.create({ name: "narrow", provider: "svix", secrets, bodyBytesMax: 10 });
  const refused = await runCli(["send", "svix"], { cwd });
  expect(refused).toMatchObject({ code: 1, stdout: "", stderr: expect.stringMatching(/^413 /) });
  const none = await runCli(["send", "discord"], { cwd });
  expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining("no source takes events of discord") });
  const other = await runCli(["send", "stripe", "--source", "sample-github"], { cwd });
  expect(other).toMatchObject({ code: 2, stderr: expect.stringContaining("takes events of github") });
});

it("shows the best-known five of the sample sources, and where the others are listed", async () => {
  const cwd = testFolder();
  const dev = startCli(["dev", ...FREE_PORTS], { cwd, env: await ownDatabase() });
  const more = await dev.line(/npx holdfast send --list/);
  expect(more).toBe(`  and ${samples.length - 5} more: npx holdfast send --list`);
  await dev.line(/npx holdfast init/);
  const { stdout } = await dev.stop();
  const shown = [...stdout.matchAll(/^ {2}sample-(\S+) +http\S+\/in\/\S+$/gm)].map(([, provider]) => provider!);
  expect(shown.toSorted()).toEqual(["github", "shopify", "slack", "stripe", "twilio"]);
});

it("lists what can be sent, without a gateway", async () => {
  const listed = lines(await runCli(["send", "--list", "--json"], { cwd: testFolder() }));
  expect(listed).toHaveLength(samples.length);
  expect(listed).toContainEqual({
    provider: "resend",
    eventTypes: ["email.delivered", "email.opened", "email.bounced"],
  });
  const { code, stdout } = await runCli(["send", "--list"], { cwd: testFolder() });
  expect([code, stdout]).toEqual([0, expect.stringMatching(/^mailgun +delivered, opened, failed$/m)]);
});

it("keeps sources, URLs and keys over a restart, and its run file for its owner only", async () => {
  const cwd = testFolder();
  const env = await ownDatabase();
  const urls: unknown[] = [];
  for (let i = 0; i < 2; i++) {
    const dev = startCli(["dev", "--json", ...FREE_PORTS], { cwd, env });
    const ready = await whenReady(dev);
    const runFile = join(cwd, ".holdfast", "cli.json");
    expect((await stat(runFile)).mode & 0o777).toBe(0o600);
    expect(JSON.parse(await readFile(runFile, "utf8"))).toMatchObject({
      adminUrl: ready.adminUrl,
      pid: dev.process.pid,
    });
    const headers = { authorization: `Bearer ${ready.adminToken}` };
    const page = (await (await fetch(`${ready.adminUrl}/api/v1/sources`, { headers })).json()) as {
      items: { name: string; ingestUrl: string }[];
    };
    urls.push(page.items.map(({ name, ingestUrl }) => [name, new URL(ingestUrl).pathname]));
    expect((await dev.stop()).code).toBe(0);
  }
  expect(urls[0]).toHaveLength(samples.length);
  expect(urls[1]).toEqual(urls[0]);
});
