import { randomBytes } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Definition, SourceDefinition } from "../domain/definition.ts";
import { samples } from "./samples/all-samples.ts";
import type { Sample } from "./samples/sample.ts";

/** What the samples of `dev` are made of; the same at every start, so that a URL or secret once copied stays good. */
export interface SampleSetup {
  /** What the sample receiver checks deliveries with. */
  readonly signingSecret: string;
  /** By provider. */
  readonly secrets: Readonly<Record<string, string>>;
}

const FILE = "sample.json";
const RECEIVER = "sample-receiver";

/** Reads the setup from the data folder; what is missing is made and kept, readable by its owner only. */
export async function openSampleSetup(dataDir: string): Promise<SampleSetup> {
  const path = join(dataDir, FILE);
  const known = await readKnown(path);
  const secrets = Object.fromEntries(
    samples.map((sample) => [sample.provider, known.secrets[sample.provider] ?? makeSecret(sample)]),
  );
  const setup = { signingSecret: known.signingSecret ?? `whsec_${randomBytes(32).toString("base64")}`, secrets };
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, `${JSON.stringify(setup, null, 2)}\n`, { mode: 0o600 });
  await rename(draft, path);
  return setup;
}

/** One source for each provider that has samples, each routed to the receiver. */
export function toDefinition(setup: SampleSetup, receiverUrl: string): Definition {
  const sources = samples.map((sample): [string, SourceDefinition] => [
    sampleSourceName(sample.provider),
    {
      provider: sample.provider,
      secrets: [{ value: setup.secrets[sample.provider]!, version: "sample" }],
      ...(sample.signsUrl === true ? { notificationUrl: `https://${sample.provider}.example.com/webhooks` } : {}),
    },
  ]);
  return {
    sources: Object.fromEntries(sources),
    destinations: { [RECEIVER]: { url: `${receiverUrl}/`, signingSecret: setup.signingSecret, timeoutMs: 5_000 } },
    routes: sources.map(([source]) => ({ source, destination: RECEIVER })),
  };
}

export function sampleSourceName(provider: string): string {
  return `sample-${provider}`;
}

function makeSecret(sample: Sample): string {
  return `${sample.secretPrefix ?? ""}${randomBytes(32).toString("base64")}`;
}

async function readKnown(path: string): Promise<{ signingSecret: string | null; secrets: Record<string, string> }> {
  try {
    const known = JSON.parse(await readFile(path, "utf8")) as Partial<SampleSetup>;
    const secrets = typeof known.secrets === "object" && known.secrets !== null ? known.secrets : {};
    return {
      signingSecret: typeof known.signingSecret === "string" ? known.signingSecret : null,
      secrets: { ...secrets },
    };
  } catch {
    return { signingSecret: null, secrets: {} };
  }
}
