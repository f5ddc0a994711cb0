import { findProvider, providers, verify, type Verdict } from "@holdfast/verify";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { nearestName } from "../../domain/field-checks.ts";
import { readCaptured } from "../captured-request.ts";
import { complain, type ExitCode, printJson, type Shell } from "../shell.ts";
import { printable } from "../table.ts";

export interface VerifyFlags {
  readonly provider: string;
  readonly file: string;
  readonly secret?: readonly string[];
  readonly url?: string;
  readonly at?: string;
  readonly json?: boolean;
}

const FILE_BYTES_MAX = 64 * 1024 * 1024;

/** `holdfast verify`: checks a captured request and says why it does not verify. Exit code 1 when it does not. */
export async function verifyFile(shell: Shell, flags: VerifyFlags): Promise<ExitCode> {
  const json = flags.json === true;
  const refuse = (problem: string, remedy?: string) => complain(shell, { problem, remedy, badInput: true }, json);
  if (findProvider(flags.provider) === null) {
    const near = nearestName(
      flags.provider,
      providers.map(({ slug }) => slug),
    );
    return refuse(
      `no provider has the slug ${flags.provider}`,
      near === null ? `Known are ${providers.map(({ slug }) => slug).join(", ")}.` : `Did you mean ${near}?`,
    );
  }
  const secrets = flags.secret ?? [shell.env["HOLDFAST_VERIFY_SECRET"] ?? ""].filter((secret) => secret !== "");
  if (secrets.length === 0)
    return refuse("there is no secret to verify with", "Give it in HOLDFAST_VERIFY_SECRET or with --secret.");
  const now = flags.at === undefined ? new Date() : new Date(flags.at);
  if (Number.isNaN(now.getTime())) return refuse("--at is no time", "Write it as 2026-01-31T12:00:00Z.");
  const path = resolve(shell.cwd, flags.file);
  const bytes = await readFile(path).catch(() => null);
  if (bytes === null || bytes.length > FILE_BYTES_MAX)
    return refuse(`${path} cannot be read, or is larger than 64 MiB`);
  const captured = readCaptured(bytes);
  if (!captured.ok) return refuse(`${path} ${captured.problem}`);
  const receiver = {
    secrets,
    publicKeys: secrets.map((value) => ({ format: "ed25519-raw-hex", value })),
    ...(flags.url === undefined ? {} : { notificationUrl: flags.url }),
  };
  const verdict = verify({ provider: flags.provider, receiver, request: captured.request, now });
  if (json) printJson(shell, toJson(verdict));
  else for (const line of describe(shell, verdict)) shell.print(line);
  return verdict.ok ? 0 : 1;
}

function toJson(verdict: Verdict): unknown {
  if (!verdict.ok) return verdict;
  const { eventKey: _eventKey, contentKey: _contentKey, ...facts } = verdict;
  return facts;
}

function* describe(shell: Shell, verdict: Verdict): Generator<string> {
  const { paint } = shell;
  if (verdict.ok) {
    yield `${paint.green("genuine")}  verified by secret ${verdict.secretVersion ?? "?"}`;
    yield `  event ${printable(verdict.eventId ?? "without an id")}, type ${printable(verdict.eventType ?? "none")}`;
    return;
  }
  if (verdict.reason === "key_needed")
    return yield `${paint.red("undecided")}  a key must be fetched first: ${verdict.need.url}`;
  const { step, summary, evidence, likelyCause } = verdict.diagnosis;
  yield `${paint.red("not genuine")}  ${verdict.reason} (at the step: ${step})`;
  yield `  ${summary}`;
  if (likelyCause !== null) yield `  likely cause: ${likelyCause}`;
  for (const [name, value] of Object.entries(evidence)) yield `  ${paint.dim(name)} ${printable(String(value))}`;
}
