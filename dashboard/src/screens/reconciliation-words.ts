import type { ReconciliationEntry, ReconciliationReport, ReconciliationRun } from "@holdfast/client";
import type { Figure } from "../parts/tally.tsx";
import { writeCount } from "../parts/numbers.ts";
import type { Tone } from "../parts/state-badge.tsx";

export const RUN_STATES: Readonly<Record<ReconciliationRun["state"], { readonly tone: Tone; readonly word: string }>> =
  {
    started: { tone: "wait", word: "Reads the log" },
    listed: { tone: "wait", word: "Recovers" },
    recovered: { tone: "wait", word: "Compares ours" },
    completed: { tone: "good", word: "Completed" },
    failed: { tone: "bad", word: "Failed" },
    cancelled: { tone: "held", word: "Cancelled" },
  };

/** Whether a run is still under way. */
export function isUnderWay({ state }: Pick<ReconciliationRun, "state">): boolean {
  return state === "started" || state === "listed" || state === "recovered";
}

export const ENTRY_STATES: Readonly<
  Record<ReconciliationEntry["state"], { readonly tone: Tone; readonly word: string }>
> = {
  matched: { tone: "good", word: "Matched" },
  dead_here: { tone: "bad", word: "Dead here" },
  missing: { tone: "warn", word: "Missing" },
  asked: { tone: "wait", word: "Asked for again" },
  recovered: { tone: "good", word: "Recovered" },
  unexplained: { tone: "bad", word: "Unexplained" },
  unknown_to_provider: { tone: "warn", word: "Unknown to provider" },
};

/** How a missing event came here after all. */
export const RECOVERED_BY: Readonly<Record<NonNullable<ReconciliationEntry["recoveredBy"]>, string>> = {
  redelivery: "the provider delivered it again, and its signature was checked",
  provider_api: "recorded from what the provider's API returned",
  arrival: "it arrived by itself while the run went on",
};

/** The seven numbers of a report, with the ones that ask for attention in their colours. */
export function toFigures(report: ReconciliationReport): readonly Figure[] {
  const { listed, matched, missing, recovered, deadHere, unknownToProvider, unexplained } = report;
  return [
    { word: "in the provider's log", value: writeCount(listed), hint: "matched, dead here and missing together" },
    { word: "matched", value: writeCount(matched) },
    { word: "missing", value: writeCount(missing), tone: missing > recovered ? "warn" : "calm" },
    { word: "recovered", value: writeCount(recovered), tone: recovered > 0 ? "good" : "calm" },
    { word: "dead here", value: writeCount(deadHere), tone: deadHere > 0 ? "bad" : "calm" },
    {
      word: "unknown to provider",
      value: writeCount(unknownToProvider),
      tone: unknownToProvider > 0 ? "warn" : "calm",
    },
    { word: "unexplained", value: writeCount(unexplained), tone: unexplained > 0 ? "bad" : "calm" },
  ];
}

/** A run in a line: what one has not compared to its end is no finding. */
export function describeRun({ state, report }: Pick<ReconciliationRun, "state" | "report">): string {
  return state === "completed" ? describeReport(report) : RUN_STATES[state].word;
}

function describeReport({ listed, missing, recovered, unexplained, deadHere }: ReconciliationReport): string {
  if (listed === 0 && unexplained === 0) return "nothing in the log";
  if (missing === 0 && deadHere === 0 && unexplained === 0) return `all ${writeCount(listed)} are here`;
  const parts = [
    `${writeCount(listed)} in the log`,
    ...(missing > 0 ? [`${writeCount(missing)} missing`] : []),
    ...(recovered > 0 ? [`${writeCount(recovered)} recovered`] : []),
    ...(deadHere > 0 ? [`${writeCount(deadHere)} dead here`] : []),
    ...(unexplained > 0 ? [`${writeCount(unexplained)} unexplained`] : []),
  ];
  return parts.join(", ");
}

/** What each connector needs, for the form that makes a reconciliation. */
export const CONNECTORS: Readonly<
  Record<
    string,
    {
      readonly word: string;
      readonly secret: string | null;
      readonly fields: readonly (readonly [name: string, label: string, required: boolean])[];
    }
  >
> = {
  stripe: {
    word: "Stripe's event log",
    secret: "A restricted API key that may read events",
    fields: [["account", "Connected account (if any)", false]],
  },
  github: {
    word: "GitHub's delivery log",
    secret: "A token that may read and redeliver webhooks, or the app's private key",
    fields: [
      ["owner", "Owner (for a repository)", false],
      ["repo", "Repository", false],
      ["org", "Organisation (instead)", false],
      ["appId", "App id (instead)", false],
      ["webhookId", "Id of the webhook", false],
    ],
  },
  svix: {
    word: "Svix's log",
    secret: "An API token",
    fields: [
      ["applicationId", "Application", true],
      ["receiverId", "Id of the receiver (to ask for redelivery)", false],
    ],
  },
  http: {
    word: "another API by HTTP",
    secret: "The API's token or password",
    fields: [
      ["url", "URL of the list", true],
      ["auth", "Sign in by (bearer, basic or header)", false],
      ["paging", "Paging (cursor, url, link or none)", true],
      ["items", "Where the list is (/data)", false],
      ["id", "Where an event's id is (/id)", true],
      ["type", "Where its type is (/type)", false],
      ["time", "Where its time is (/created)", false],
      ["timeFormat", "The time's form (iso, s or ms)", false],
      ["fromParameter", "Parameter for the start of the window", false],
      ["toParameter", "Parameter for its end", false],
      ["nextPlace", "Where the next page's cursor or URL is", false],
      ["cursorParameter", "Parameter for the cursor", false],
    ],
  },
  file: {
    word: "a file that was exported",
    secret: null,
    fields: [
      ["file", "Name of the file", true],
      ["format", "Form (jsonl or csv)", true],
      ["id", "Where an event's id is", true],
      ["body", "Where its body is", false],
      ["type", "Where its type is", false],
      ["time", "Where its time is", false],
    ],
  },
};
