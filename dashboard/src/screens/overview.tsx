import type { Status } from "@holdfast/client";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { CircleCheck, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { useCallback } from "react";
import { ratesQuery, statusQuery } from "../api/overview.ts";
import type { RateMinute } from "../api/overview.ts";
import { Card } from "../parts/card.tsx";
import { classNames } from "../parts/class-names.ts";
import { Chart } from "../parts/chart.tsx";
import { writeCount, writeCounted, writeShare } from "../parts/numbers.ts";
import { FaultPanel, Loading } from "../parts/outcome.tsx";
import { Page } from "../parts/page.tsx";
import { writeSpan } from "../parts/zone.tsx";
import { Changes } from "./overview-changes.tsx";
import type { Known } from "./overview-concerns.tsx";
import { Concerns, RATES_MINUTES, useConcerns } from "./overview-concerns.tsx";

/** From here on a waiting delivery is late: first attempts take milliseconds when all is well. */
const LATE_SEC = 30;

/** Whether all is well, in five seconds; and if it is not, what is wrong and where to repair it. */
export function Overview() {
  const status = useQuery(statusQuery);
  const rates = useQuery(ratesQuery(RATES_MINUTES));
  const known = useConcerns();
  return (
    <Page title="Overview">
      {known.error === null ? null : <FaultPanel error={known.error} onRetry={() => void known.refetch()} />}
      <Standing known={known} />
      {known.concerns.length === 0 ? null : <Concerns concerns={known.concerns} />}
      {status.data === undefined || rates.data === undefined ? (
        <Loading rows={4} />
      ) : (
        <>
          <Figures status={status.data} minutes={rates.data.minutes} />
          <Flow minutes={rates.data.minutes} />
          <Changes />
        </>
      )}
    </Page>
  );
}

function Standing({ known: { concerns, isKnown, error } }: { known: Known }) {
  const count = concerns.length;
  const isWell = isKnown && error === null && count === 0;
  if (count === 0 && !isWell) return error === null ? <Loading rows={1} /> : null;
  return (
    <p
      role="status"
      className={classNames(
        "flex items-center gap-2.5 rounded-lg border px-4 py-3 text-[15px] font-medium",
        isWell ? "border-good/25 bg-good-soft text-good" : "border-bad/30 bg-bad-soft text-bad",
      )}
    >
      {isWell ? <CircleCheck size={18} aria-hidden /> : <TriangleAlert size={18} aria-hidden />}
      {isWell
        ? "All is well. Nothing waits for anybody."
        : `${count} ${count === 1 ? "thing wants" : "things want"} your attention`}
    </p>
  );
}

function Figures({ status, minutes }: { status: Status; minutes: readonly RateMinute[] }) {
  const { depth, oldestReadySec, counted } = status.deliveries;
  const waiting = (state: string): string =>
    depth === null ? "not known" : writeCounted(depth[state] ?? 0, counted.ofEachState);
  const oldestSec = Math.max(0, ...Object.values(oldestReadySec ?? {}));
  const last = minutes.slice(-6, -1);
  const sum = (field: "recorded" | "duplicates" | "succeeded" | "failed"): number =>
    last.reduce((total, minute) => total + minute[field], 0);
  const succeeded = sum("succeeded");
  const tries = succeeded + sum("failed");
  const perMinute = (count: number): string =>
    `${writeCount(Math.round((count / Math.max(1, last.length)) * 10) / 10)}`;
  return (
    <ul className="grid grid-cols-2 gap-3 md:grid-cols-3 xl:grid-cols-6">
      <Figure
        word="Oldest waiting"
        value={oldestReadySec === null ? "not known" : oldestSec === 0 ? "none" : writeSpan(oldestSec * 1_000)}
        tone={oldestSec > LATE_SEC ? "bad" : "calm"}
        to="/queue"
      />
      <Figure word="Events a minute" value={perMinute(sum("recorded"))} to="/events" />
      <Figure word="Attempts a minute" value={perMinute(tries)} to="/queue" />
      <Figure
        word="Attempts that succeed"
        value={writeShare(succeeded, tries)}
        tone={tries > 0 && succeeded / tries < 0.9 ? "bad" : "calm"}
        to="/destinations"
      />
      <Figure word="Waiting for a retry" value={waiting("scheduled")} to="/queue" />
      <Figure word="Held" value={waiting("held")} to="/queue" />
    </ul>
  );
}

function Figure({
  word,
  value,
  to,
  tone = "calm",
}: {
  word: string;
  value: ReactNode;
  to: "/queue" | "/events" | "/destinations";
  tone?: "calm" | "bad";
}) {
  return (
    <li>
      <Link
        to={to as "/events"}
        className="block rounded-lg border border-line bg-raised px-4 py-3 hover:border-line-strong"
      >
        <span
          className={classNames(
            "block text-[22px] leading-7 font-semibold tracking-tight tabular-nums",
            tone === "bad" && "text-bad",
          )}
        >
          {value}
        </span>
        <span className="text-xs text-faint">{word}</span>
      </Link>
    </li>
  );
}

function Flow({ minutes }: { minutes: readonly RateMinute[] }) {
  const times = minutes.map(({ at }) => Date.parse(at) / 1_000);
  const values = (field: keyof RateMinute): (number | null)[] =>
    minutes.map((minute) => minute[field] as number | null);
  const navigate = useNavigate();
  const showSpan = useCallback(
    (from: Date, to: Date) => {
      const search = { since: from.toISOString(), until: to.toISOString() };
      void navigate({ to: "/events", search: search as never });
    },
    [navigate],
  );
  return (
    <div className="grid min-w-0 gap-4 lg:grid-cols-2">
      <Card>
        <Chart
          title="In, a minute"
          times={times}
          onSpan={showSpan}
          series={[
            { word: "events", color: "--accent", values: values("recorded") },
            { word: "duplicates", color: "--ink-faint", values: values("duplicates") },
            { word: "rejected", color: "--bad", values: values("rejected") },
            { word: "put off", color: "--warn", values: values("unavailable") },
          ]}
        />
      </Card>
      <Card>
        <Chart
          title="Out, a minute"
          times={times}
          series={[
            { word: "succeeded", color: "--good", values: values("succeeded") },
            { word: "failed", color: "--bad", values: values("failed") },
          ]}
        />
      </Card>
      <Card className="lg:col-span-2">
        <Chart
          title="How long destinations take to answer"
          times={times}
          unit=" ms"
          series={[{ word: "mean of the attempts", color: "--wait", values: values("latencyMs") }]}
        />
      </Card>
    </div>
  );
}
