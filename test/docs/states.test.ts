import { describe, expect, it } from "vitest";
import {
  BREAKER_ATTEMPTS_MIN,
  BREAKER_FAILED_SHARE,
  BREAKER_WINDOW_MS,
  PROBE_MS,
} from "../../gateway/src/domain/breaker.ts";
import type { DeadReason } from "../../gateway/src/domain/delivery.ts";
import { FINISHED_STATES, LEGAL_MOVES, UNFINISHED_STATES } from "../../gateway/src/domain/delivery.ts";
import { GATE_REASONS, HELD_REASONS, stopReasonOf } from "../../gateway/src/domain/gate.ts";
import type { AttemptFault, Outcome } from "../../gateway/src/domain/outcome.ts";
import { classify } from "../../gateway/src/domain/outcome.ts";
import {
  DEFAULT_RETRY_POLICY,
  RETRY_AFTER_MAX_MS,
  THROTTLE_WAIT_MIN_MS,
  waitMs,
} from "../../gateway/src/domain/retry-policy.ts";
import { codeOf, readPage, readTable } from "../support/markdown.ts";
import { isCode, readTree } from "../support/tidy/tree.ts";

const page = readPage("docs/states.md");

const FAULTS: Readonly<Record<AttemptFault, true>> = {
  dns: true,
  connect: true,
  refused: true,
  tls_handshake: true,
  tls_certificate: true,
  timeout: true,
  reset: true,
  protocol: true,
  aborted: true,
  blocked: true,
  handler_failed: true,
  database_lost: true,
  read_failed: true,
  lease_expired: true,
  unreadable: true,
};

const DEAD_REASONS: Readonly<Record<DeadReason, true>> = {
  attempts_exhausted: true,
  refused: true,
  gone: true,
  referent_missing: true,
};

describe("docs/states.md", () => {
  it("lists the six states, and says where the row of each is", () => {
    const rows = readTable(page, "The states of a delivery");
    expect(rows.map((row) => codeOf(row["state"]))).toEqual([...UNFINISHED_STATES, ...FINISHED_STATES]);
    for (const row of rows) {
      const isFinished = FINISHED_STATES.some((state) => state === codeOf(row["state"]));
      expect(codeOf(row["where the row is"])).toBe(isFinished ? "finished_delivery" : "delivery");
    }
  });

  it("lists the legal moves of the code, in its order", () => {
    const rows = readTable(page, "Legal moves").map((row) => ({
      from: row["from"] === "–" ? null : codeOf(row["from"]),
      to: codeOf(row["to"]),
      by: row["by"],
    }));
    expect(rows).toEqual(LEGAL_MOVES.map(({ from, to, by }) => ({ from, to, by })));
  });

  it("gives each status and each fault the class that the code gives it", () => {
    const classes = new Map<string, string>();
    for (const row of readTable(page, "What an attempt came to")) {
      for (const name of row["outcomes"]!.split(", ")) classes.set(name, codeOf(row["class"]));
    }
    const said = (status: number): string | undefined =>
      classes.get(String(status)) ?? classes.get(`${Math.floor(status / 100)}xx`);
    for (let status = 100; status < 600; status++) {
      const outcome: Outcome = { kind: "answered", status, retryAfterMs: null };
      expect([status, said(status)]).toEqual([status, classify(outcome)]);
    }
    for (const fault of Object.keys(FAULTS) as AttemptFault[]) {
      expect([fault, classes.get(fault)]).toEqual([fault, classify({ kind: "failed", fault, detail: "" })]);
    }
    expect(classes.get("completed")).toBe(classify({ kind: "completed" }));
    const known = [...Object.keys(FAULTS), "completed"];
    expect([...classes.keys()].filter((name) => !/^\d/.test(name)).toSorted()).toEqual(known.toSorted());
  });

  it("lists the default schedule", () => {
    const waits = readTable(page, "When it is tried again").flatMap((row) => {
      const [first, last] = row["after attempt"]!.split(" to ").map(Number);
      return Array.from({ length: (last ?? first!) - first! + 1 }, () => toMs(row["wait"]!));
    });
    expect(waits).toEqual(DEFAULT_RETRY_POLICY.scheduleMs);
  });

  it("tells the bounds that the code has", () => {
    const { scheduleMs, refusalsMax } = DEFAULT_RETRY_POLICY;
    expect(scheduleMs.length + 1).toBe(19);
    expect(page).toContain("Nineteen attempts");
    expect(page).toContain(`at most ${refusalsMax} times in all`);
    expect(toMs(/honoured, up to (\d+ \w+)/.exec(page)![1]!)).toBe(RETRY_AFTER_MAX_MS);
    expect(page).toContain("after a minute at least");
    expect(THROTTLE_WAIT_MIN_MS).toBe(60_000);
    const spread = Number(/spread by ±(\d+) %/.exec(page)![1]) / 100;
    const none = { throttled: false, retryAfterMs: null };
    expect(waitMs(DEFAULT_RETRY_POLICY, 8, none, 0)).toBe(Math.round(scheduleMs[7]! * (1 - spread)));
  });

  it("lists why a delivery is dead", () => {
    const rows = readTable(page, "Why a delivery is dead").map((row) => codeOf(row["reason"]));
    expect(rows.toSorted()).toEqual(Object.keys(DEAD_REASONS).toSorted());
  });

  it("lists why a delivery is held: each reason stands in the code, and the code has no other", () => {
    const rows = readTable(page, "Why a delivery is held").map((row) => codeOf(row["reason"]));
    expect(rows.toSorted()).toEqual([...HELD_REASONS].toSorted());
    const code = readTree().filter(({ path }) => isCode(path) && path.startsWith("gateway/src/pipeline/"));
    const written = code.flatMap(({ text }) =>
      [...text.matchAll(/kind: "hold", reason: [`"]([^`"]+)[`"]/g)].map((match) => match[1]!),
    );
    // The others that a claimed delivery may have: of its destination's state and gate.
    const gates = [null, { reason: "slow", breaker: "closed", breakerSince: null, slowConcurrency: 1 }] as const;
    const stopped = (["active", "paused", "disabled"] as const).flatMap((state) =>
      gates.flatMap((gate) => [true, false].map((hasPermit) => stopReasonOf({ state, gate }, hasPermit))),
    );
    const reasons = [...written, ...stopped.filter((reason) => reason !== null)];
    const others = HELD_REASONS.filter((reason) => reason !== "ordered");
    expect([...new Set(reasons)].toSorted()).toEqual([...others].toSorted());
  });

  it("lists what gives a destination a gate, the strongest first, with the code's figures", () => {
    const rows = readTable(page, "The gate of a destination");
    expect(rows.map((row) => codeOf(row["reason"]))).toEqual([...GATE_REASONS]);
    expect(rows[0]!["when"]).toContain(`${BREAKER_FAILED_SHARE * 100} % of at least ${BREAKER_ATTEMPTS_MIN} attempts`);
    expect(rows[0]!["when"]).toContain(`last ${BREAKER_WINDOW_MS / 60_000} minutes`);
    expect(rows[0]!["places"]).toContain(`every ${PROBE_MS / 1_000} s`);
  });
});

function toMs(text: string): number {
  const match = /^(\d+) (s|min|h)$/.exec(text);
  if (match === null) throw new Error(`no time: ${text}`);
  return Number(match[1]) * { s: 1_000, min: 60_000, h: 3_600_000 }[match[2] as "s" | "min" | "h"];
}
