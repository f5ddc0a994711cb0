import { readFile } from "node:fs/promises";
import { expect, it, onTestFinished } from "vitest";
import type { CliResult } from "../support/cli.ts";
import { runCli } from "../support/cli.ts";
import { startFakeStripe } from "../support/fake-stripe.ts";
import type { IngestGateway } from "../support/ingest-gateway.ts";
import { PAYMENTS, startIngestGateway } from "../support/ingest-gateway.ts";

const HOUR = 3_600_000;

/** The commands of a page's fenced blocks, in their order. */
async function commandsOf(name: string): Promise<string[]> {
  const page = await readFile(new URL(`../../../docs/runbooks/${name}`, import.meta.url), "utf8");
  return [...page.matchAll(/^```sh\n(.*)\n```$/gm)].map((match) => match[1]!);
}

/** Follows the page: each command as it stands there, with the outage's own times and the run that was found. */
async function follow(
  gateway: IngestGateway,
  name: string,
  outage: { fromMs: number; toMs: number },
): Promise<Map<string, CliResult>> {
  const results = new Map<string, CliResult>();
  let run = "run_…";
  for (const command of await commandsOf(name)) {
    const times = [outage.fromMs, outage.toMs].map((ms) => new Date(ms).toISOString());
    const text = command.replaceAll(/\d{4}-[\d-]+T[\d:]+Z/g, () => times.shift()!).replace("run_…", run);
    const [npx, holdfast, ...args] = text.split(" ");
    expect([npx, holdfast]).toEqual(["npx", "holdfast"]);
    const result = await runCli([...args, "--url", gateway.adminUrl, "--token", gateway.gateway.adminToken!], {
      cwd: "/",
    });
    expect([command, result.code, result.stderr]).not.toMatchObject([command, 2]);
    run = /run_\w{20,}/.exec(result.stdout)?.[0] ?? run;
    results.set(command, result);
  }
  return results;
}

async function openOutage() {
  const stripe = await startFakeStripe();
  const connector = { kind: "stripe", baseUrl: stripe.url };
  const reconciliations = { "stripe-log": { source: "payments", connector, secret: stripe.key, eventTypes: ["*"] } };
  const content = { ...PAYMENTS, egress: { allowCidrs: ["127.0.0.1/32"] }, reconciliations };
  const gateway = await startIngestGateway({ content });
  onTestFinished(() => gateway.close());
  const nowMs = Date.now();
  for (let i = 0; i < 7; i++) stripe.happen(nowMs - 2 * HOUR + i * 60_000);
  return { gateway, outage: { fromMs: nowMs - 3 * HOUR, toMs: nowMs - HOUR } };
}

it("the page on our own outage brings everything back by its commands alone", async () => {
  const { gateway, outage } = await openOutage();
  const results = await follow(gateway, "our-outage.md", outage);
  const said = [...results.values()].map(({ stdout }) => stdout).join("\n");
  expect(said).toMatch(/missing +7\nrecovered +7\n/);
  expect(said).toMatch(/unexplained +0\n/);
  expect(await gateway.query("SELECT count(*)::int AS events FROM holdfast.event")).toEqual([{ events: 7 }]);
  expect([...results.keys()]).toHaveLength(4);
});

it("the page on a provider's outage ends with nothing unexplained", async () => {
  const { gateway, outage } = await openOutage();
  const results = [...(await follow(gateway, "provider-outage.md", outage))];
  expect(results.map(([command]) => command.split(" ").slice(2, 4).join(" "))).toEqual([
    "reconcile status",
    "reconcile run",
    "reconcile run",
    "reconcile show",
    "reconcile show",
  ]);
  expect(results.map(([, { code }]) => code)).toEqual([0, 0, 0, 0, 0]);
  expect(results[1]![1].stdout).toMatch(/recovered +7\n/);
  const status = await runCli(
    ["reconcile", "status", "--url", gateway.adminUrl, "--token", gateway.gateway.adminToken!],
    { cwd: "/" },
  );
  expect(status.code).toBe(0);
});

it("every reason that an event stays unexplained for stands on the page", async () => {
  const page = await readFile(new URL("../../../docs/runbooks/provider-outage.md", import.meta.url), "utf8");
  const sources = [
    "recovery/recover-missing.ts",
    "recovery/list-log.ts",
    "recovery/connectors/provider-line.ts",
    "pipeline/draft-listed-event.ts",
    "recovery/hold-run.ts",
  ];
  const code = (
    await Promise.all(sources.map((path) => readFile(new URL(`../../src/${path}`, import.meta.url), "utf8")))
  ).join("\n");
  for (const words of [
    "the provider's log does not hold the body of this event",
    "and the webhook of these bytes would have the key",
    "have no id of their own",
    "takes requests of several events apart",
    "it may have been processed: keys of its time are forgotten, or the log does not tell its time",
    "there is no such thing, or the secret may not see it",
    "a reconciliation failed",
    "a reconciliation has left a time out",
    "a reconciliation has given up what is missing",
    "looked for no longer",
    "nothing was compared",
    "the provider's log has events that could not be recovered",
  ])
    expect([words, page.replaceAll("\n", " ").includes(words), code.includes(words)]).toEqual([words, true, true]);
});
