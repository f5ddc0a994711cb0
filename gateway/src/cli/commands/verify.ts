import {
  findProvider,
  nameSigner,
  type Provider,
  providers,
  type Refused,
  verify,
  type Verdict,
} from "@holdfast/verify";
import type { VerifyInput, WebhookRequest } from "@holdfast/verify";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { nearestName } from "../../domain/field-checks.ts";
import { type Captured, type CapturedRequest, readCaptured } from "../captured-request.ts";
import { MOMENT_REMEDY, readMoment } from "../moment-flags.ts";
import { complain, type ExitCode, printJson, type Shell } from "../shell.ts";
import { printable } from "../table.ts";
import { type GivenReceiver, readReceiver, type ReceiverFlags } from "../verify-receiver.ts";

export interface VerifyFlags extends ReceiverFlags {
  readonly provider: string;
  readonly request: string;
  readonly url?: string;
  readonly now?: string;
  readonly json?: boolean;
}

const FILE_BYTES_MAX = 64 * 1024 * 1024;

/** `holdfast verify`: checks a saved request and says why it does not verify. Exit code 1 when it does not, 2 when it cannot be read. */
export async function verifyFile(shell: Shell, flags: VerifyFlags): Promise<ExitCode> {
  const json = flags.json === true;
  const refuse = (problem: string, remedy?: string) => complain(shell, { problem, remedy, badInput: true }, json);
  const provider = findProvider(flags.provider);
  if (provider === null) return refuse(`no provider has the slug ${flags.provider}`, suggestProvider(flags.provider));
  const captured = await readRequest(shell, flags.request);
  if (!captured.ok) return refuse(captured.problem, captured.remedy);
  const given = await readReceiver(shell, flags);
  if (!given.ok) return refuse(given.problem, given.remedy);
  const lack = findLack(provider, given, flags);
  if (lack !== null) return refuse(lack.problem, lack.remedy);
  const asOf = flags.now === undefined ? null : readMoment(flags.now);
  if (flags.now !== undefined && asOf === null) return refuse("--now is no time", MOMENT_REMEDY);
  if (flags.url !== undefined && !URL.canParse(flags.url))
    return refuse("--url is no URL", "Write the whole URL as the provider addressed it: https://example.com/in/…");
  if (captured.leftOut > 0)
    shell.note(`${captured.leftOut} bytes behind the Content-Length of the body were left out.`);
  const now = asOf === null ? (captured.receivedAt ?? new Date()) : new Date(asOf);
  const verdict = judge(flags, provider, given, captured, now);
  if (json) printJson(shell, toJson(verdict));
  else for (const line of describe(shell, verdict, given)) shell.print(line);
  return verdict.ok ? 0 : 1;
}

function suggestProvider(slug: string): string {
  const slugs = providers.map((provider) => provider.slug);
  const near = nearestName(slug, slugs);
  return near === null ? `Known are ${slugs.join(", ")}.` : `Did you mean ${near}?`;
}

async function readRequest(shell: Shell, file: string): Promise<Captured> {
  const path = resolve(shell.cwd, file);
  const bytes = await readFile(path).catch(() => null);
  if (bytes === null || bytes.length > FILE_BYTES_MAX) {
    const remedy = "--request takes the file that holds the saved request.";
    return { ok: false, problem: `${path} cannot be read, or is larger than 64 MiB`, remedy };
  }
  const captured = readCaptured(bytes);
  return captured.ok ? captured : { ...captured, problem: `${path} ${captured.problem}` };
}

function findLack({ name, receiverFields }: Provider, { receiver, suspects }: GivenReceiver, { url }: VerifyFlags) {
  if (receiverFields.includes("secrets") && receiver.secrets === undefined && suspects.length === 0) {
    const remedy =
      "Name the variable or file that holds it with --secret-env or --secret-file, or pipe it in with --secret-stdin.";
    return { problem: "there is no secret to verify with", remedy };
  }
  if (receiverFields.includes("publicKeys") && receiver.publicKeys === undefined)
    return { problem: "there is no public key to verify with", remedy: `Give ${name}'s with --public-key-file.` };
  if (receiverFields.includes("notificationUrl") && receiver.notificationUrl === undefined && url === undefined)
    return {
      problem: `${name} signs the URL, and it is not known`,
      remedy: "Give the URL that is registered there with --notification-url.",
    };
  return null;
}

/** What the gateway would say of the same request, in the same words. */
function judge(
  flags: VerifyFlags,
  provider: Provider,
  given: GivenReceiver,
  captured: CapturedRequest,
  now: Date,
): Verdict {
  const { suspects, activeVersion } = given;
  const needsUrl = provider.receiverFields.includes("notificationUrl") && given.receiver.notificationUrl === undefined;
  const receiver = needsUrl ? { ...given.receiver, notificationUrl: flags.url } : given.receiver;
  const request = { ...captured.request, url: flags.url ?? addressedUrl(captured.request) };
  const input: VerifyInput = { provider: provider.slug, receiver, request, now };
  const verdict = verify(input);
  return isRefused(verdict) ? nameSigner(input, verdict, { suspects, activeVersion }) : verdict;
}

function isRefused(verdict: Verdict): verdict is Refused {
  return !verdict.ok && verdict.reason !== "key_needed";
}

/** As the ingest door reads it without a public URL: the Host header and the path. */
function addressedUrl({ url, headers }: WebhookRequest): string {
  if (!url.startsWith("/") || !Array.isArray(headers)) return url;
  const pairs: readonly (readonly [string, string])[] = headers;
  const host = pairs.find(([name]) => name.toLowerCase() === "host")?.[1];
  return host === undefined ? url : `http://${host}${url}`;
}

function toJson(verdict: Verdict): unknown {
  if (!verdict.ok) return verdict;
  const { eventKey: _eventKey, contentKey: _contentKey, ...facts } = verdict;
  return facts;
}

function* describe(shell: Shell, verdict: Verdict, { states }: GivenReceiver): Generator<string> {
  const { paint } = shell;
  if (verdict.ok) {
    const version = verdict.secretVersion ?? "?";
    const state = states.get(version);
    yield `${paint.green("genuine")}  verified by secret ${printable(version)}${state === undefined ? "" : ` (${state})`}`;
    yield `  event ${printable(verdict.eventId ?? "without an id")}, type ${printable(verdict.eventType ?? "none")}`;
    return;
  }
  if (verdict.reason === "key_needed") {
    const { url, kid } = verdict.need;
    yield `${paint.yellow("undecided")}  the key ${kid === null ? "" : `${printable(kid)} `}must be fetched first: ${printable(url)}`;
    yield "  Fetch it, and give it with --public-key-file, or with certificates in --receiver-file.";
    return;
  }
  const { step, summary, evidence, likelyCause } = verdict.diagnosis;
  yield `${paint.red("not genuine")}  ${verdict.reason} (at the step: ${step})`;
  yield `  ${printable(summary)}`;
  if (likelyCause !== null) yield `  likely cause: ${likelyCause}`;
  for (const [name, value] of Object.entries(evidence)) yield `  ${paint.dim(name)} ${printable(String(value))}`;
  if (verdict.reason === "timestamp_too_old")
    yield "  If this request was saved some time ago, judge it as of then: --now with the time at which it came.";
}
