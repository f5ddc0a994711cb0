import type { RejectionDetail } from "@holdfast/client";
import { CircleCheck, CircleDashed, CircleX, Wrench } from "lucide-react";
import type { ReactNode } from "react";
import { Card, Facts } from "../parts/card.tsx";
import { Badge } from "../parts/state-badge.tsx";
import { writeSpan } from "../parts/zone.tsx";
import { MENDERS } from "./rejection-groups.tsx";
import type { ReadDiagnosis } from "./rejection-words.ts";
import { describeCause, readDiagnosis, writeWords } from "./rejection-words.ts";

const STEPS = [
  ["receiver", "Our configuration"],
  ["request", "Request"],
  ["headers", "Headers"],
  ["body", "Body"],
  ["signature", "Signature"],
  ["time", "Time"],
] as const;

/** Why a request was refused: where it failed, what was compared, the likely cause and what to do. */
export function Diagnosis({ rejection }: { rejection: RejectionDetail }) {
  const read = readDiagnosis(rejection.diagnosis);
  const { word, mender, remedy } = describeCause(read.likelyCause);
  return (
    <Card title="Why it was refused">
      <div className="flex flex-col gap-4 text-[13px]">
        <Steps read={read} reason={rejection.reason} />
        <p className="text-[15px] leading-6">{read.summary}</p>
        <div className="flex gap-3 rounded-lg border border-accent/30 bg-accent-soft p-3">
          <Wrench size={16} aria-hidden className="mt-0.5 shrink-0 text-accent" />
          <div className="flex min-w-0 flex-col gap-1">
            <p className="flex flex-wrap items-center gap-2 font-medium">
              {word}
              <Badge tone={MENDERS[mender].tone}>{MENDERS[mender].word}</Badge>
            </p>
            <p>{remedy}</p>
          </div>
        </div>
        <Compared evidence={read.evidence} />
        <HeaderRead rejection={rejection} header={read.evidence["header"]} />
        <Facts facts={tellFacts(read.evidence, rejection.receivedAt)} />
      </div>
    </Card>
  );
}

/** The walk of the check. A step is marked as passed only where the diagnosis proves that it was. */
function Steps({ read: { step, evidence }, reason }: { read: ReadDiagnosis; reason: string }) {
  // A signature that was read proves the headers; one that was genuine proves all before the time.
  const isGenuine = reason.startsWith("timestamp_too") || reason === "claim_mismatch";
  const wasRead = evidence["signatureStart"] !== undefined;
  const passed = (name: string): boolean =>
    name !== step && (isGenuine ? name !== "time" : wasRead && (name === "request" || name === "headers"));
  return (
    <ol aria-label="Steps of the check" className="flex flex-wrap gap-1.5">
      {STEPS.map(([name, word]) => {
        const look =
          name === step
            ? "bg-bad-soft text-bad font-semibold"
            : passed(name)
              ? "bg-good-soft text-good"
              : "bg-sunken text-soft";
        const Icon = name === step ? CircleX : passed(name) ? CircleCheck : CircleDashed;
        return (
          <li key={name} className={`inline-flex items-center gap-1.5 rounded-md px-2.5 py-1 text-xs ${look}`}>
            <Icon size={13} strokeWidth={2.2} aria-hidden />
            {word}
            <span className="sr-only">{name === step ? ": failed" : passed(name) ? ": passed" : ": not decided"}</span>
          </li>
        );
      })}
    </ol>
  );
}

/** What the provider sent beside what we make of it, where both are known. */
function Compared({ evidence }: { evidence: ReadDiagnosis["evidence"] }) {
  const { signatureStart, expectedStart } = evidence;
  if (signatureStart === undefined || signatureStart === "") return null;
  return (
    <dl className="grid gap-px overflow-hidden rounded-lg border border-line bg-line sm:grid-cols-2">
      <Side word="Their signature begins">{signatureStart}</Side>
      <Side word="Ours would begin">{expectedStart ?? "not worked out"}</Side>
    </dl>
  );
}

function Side({ word, children }: { word: string; children: ReactNode }) {
  return (
    <div className="bg-raised px-3 py-2">
      <dt className="text-xs text-faint">{word}</dt>
      <dd className="font-mono text-[15px] break-all">{children} …</dd>
    </div>
  );
}

/** The signature's header as it was read: its parts by name. */
function HeaderRead({ rejection, header }: { rejection: RejectionDetail; header: string | undefined }) {
  const found = rejection.request.headers.find(([name]) => name.toLowerCase() === header?.toLowerCase());
  if (header === undefined) return null;
  return (
    <div>
      <p className="mb-1 text-xs text-faint">
        Header <code className="font-mono text-ink">{header}</code>{" "}
        {found === undefined ? "did not come" : "as it came"}
      </p>
      {found === undefined ? null : (
        <ul className="flex flex-wrap gap-1.5">
          {found[1].split(/[,;]\s*/).map((part, i) => (
            <li
              key={`${part}-${String(i)}`}
              className="max-w-full rounded-md bg-sunken px-2 py-1 font-mono text-[12.5px] break-all"
            >
              {part}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

const SHOWN_ELSEWHERE = new Set(["header", "signatureStart", "expectedStart", "bodySha256"]);

/** The names of the evidence in words, in the order in which they are told. */
const WORDS: Readonly<Record<string, string>> = {
  secretOfSource: "Signed with the secret of",
  secretVersion: "Signed with version",
  retiredAt: "Retired",
  secretVersions: "Versions tried",
  secretsTried: "Secrets tried",
  signedAt: "Signed at",
  skewSec: "Difference of the clocks",
  toleranceSec: "Tolerance",
  bodyBytes: "Bytes that came",
  contentLength: "Bytes that were announced",
  signatures: "Signatures in the header",
  eventEnvironment: "Environment of the event",
  receiverEnvironment: "Environment of the source",
  keysTried: "Keys tried",
  given: "Given",
  expected: "Expected",
  field: "Field of the source",
};

function tellFacts(evidence: ReadDiagnosis["evidence"], receivedAt: string): (readonly [string, ReactNode])[] {
  const { signedAt, skewSec } = evidence;
  const skewMs = signedAt === undefined || skewSec !== undefined ? null : Date.parse(receivedAt) - Date.parse(signedAt);
  const rest = Object.entries(evidence)
    .filter(([name]) => !SHOWN_ELSEWHERE.has(name))
    .toSorted(([a], [b]) => placeOf(a) - placeOf(b));
  return [
    ...rest.map(([name, value]) => [WORDS[name] ?? splitName(name), writeFact(name, value)] as const),
    ...(skewMs === null || Number.isNaN(skewMs)
      ? []
      : [["Age when it came", `${skewMs < 0 ? "minus " : ""}${writeSpan(Math.abs(skewMs))}`] as const]),
  ];
}

function placeOf(name: string): number {
  const place = Object.keys(WORDS).indexOf(name);
  return place < 0 ? Number.MAX_SAFE_INTEGER : place;
}

function writeFact(name: string, value: string): ReactNode {
  if (name.endsWith("Sec"))
    return writeSpan(Math.abs(Number(value)) * 1_000) + (Number(value) < 0 ? " ahead of us" : "");
  return <span className="font-mono text-[12.5px] break-all">{value}</span>;
}

function splitName(name: string): string {
  return writeWords(name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`));
}
