import type { DestinationDetail, DestinationHealth } from "@holdfast/client";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { ArrowRight, CirclePause, CircleX, Info, TriangleAlert } from "lucide-react";
import { api } from "../api/api.ts";
import { ratesQuery } from "../api/overview.ts";
import { Card, Facts } from "../parts/card.tsx";
import { Chart } from "../parts/chart.tsx";
import { Exact } from "../parts/copy.tsx";
import { writeCount, writeShare } from "../parts/numbers.ts";
import { Empty, FaultPanel, Loading } from "../parts/outcome.tsx";
import { Page, UnreadyPage } from "../parts/page.tsx";
import { Moment, writeSpan } from "../parts/zone.tsx";
import { DestinationActions } from "./destination-actions.tsx";
import { describeLimits, describeNotice, describeStanding } from "./destination-words.ts";
import { DestinationState } from "./destinations.tsx";
import { describeOrigin } from "./route-words.ts";
import { RoutesCard } from "./routes-card.tsx";

const MINUTES = 60;

const TRAIL = [["/destinations", "Destinations"]] as const;

/** One destination: whether it takes what we deliver, what holds it back, and what can be done. */
export function DestinationScreen() {
  const { id } = useParams({ strict: false });
  const destination = useQuery({
    queryKey: ["destination", id],
    queryFn: () => api.destinations.get(id ?? ""),
    refetchInterval: 5_000,
  });
  if (destination.data === undefined) {
    return (
      <UnreadyPage
        title="Destination"
        trail={TRAIL}
        error={destination.error}
        onRetry={() => void destination.refetch()}
      />
    );
  }
  const { data } = destination;
  return (
    <Page
      title={data.name}
      trail={TRAIL}
      from={[destination]}
      lead={
        <span className="inline-flex max-w-full flex-wrap items-center gap-2">
          <code className="font-mono text-[12.5px] break-all">{data.url ?? `handler ${data.handler ?? ""}`}</code>
          <DestinationState destination={data} />
        </span>
      }
      actions={<DestinationActions destination={data} />}
    >
      <StandingNote destination={data} />
      <div className="grid min-w-0 gap-4 md:grid-cols-2">
        <Health title="Last 5 minutes" health={data.health.last5Min} />
        <Health title="Last 24 hours" health={data.health.last24H} />
      </div>
      <Charts id={data.id} />
      <div className="grid min-w-0 items-start gap-4 xl:grid-cols-2">
        <div className="flex min-w-0 flex-col gap-4">
          <Notices destination={data} />
          <RoutesCard
            title="What is delivered here"
            of={{ destination: data.id }}
            empty={
              <Empty title="No route leads here">Declare one in the configuration file, or through the API.</Empty>
            }
          />
        </div>
        <About destination={data} />
      </div>
    </Page>
  );
}

const TONES = {
  good: "border-good/25 bg-good-soft text-good",
  wait: "border-wait/25 bg-wait-soft text-wait",
  warn: "border-warn/30 bg-warn-soft text-warn",
  bad: "border-bad/30 bg-bad-soft text-bad",
  held: "border-held/30 bg-held-soft text-held",
  calm: "border-line bg-sunken text-soft",
} as const;

const SIZE = { size: 16, "aria-hidden": true, className: "mt-0.5 shrink-0" } as const;

function StandingNote({ destination }: { destination: DestinationDetail }) {
  const standing = describeStanding(destination);
  // A limit alone is no news, unless something waits for it.
  if (standing === null || (standing.tone === "calm" && !destination.waitsAtGate)) return null;
  const Icon = { held: CirclePause, bad: CircleX, warn: TriangleAlert, calm: Info, good: Info, wait: Info }[
    standing.tone
  ];
  const since = destination.gate?.breakerSince ?? null;
  return (
    <div
      role="status"
      className={`flex items-start gap-3 rounded-lg border px-4 py-3 text-[13px] ${TONES[standing.tone]}`}
    >
      <Icon {...SIZE} />
      <div className="min-w-0">
        <p className="font-medium">
          {standing.word}
          {since !== null && destination.state === "active" && destination.gate?.reason === "breaker" ? (
            <>
              {" "}
              since <Moment at={since} exact /> (<Moment at={since} />)
            </>
          ) : null}
        </p>
        <p className="mt-0.5 text-ink">{standing.why}</p>
        <p className="mt-0.5 text-soft">{standing.step}</p>
        <Link
          to="/events"
          search={{ destination: destination.name, state: "held" } as never}
          className="mt-1 inline-flex items-center gap-1 text-accent hover:underline"
        >
          See what it holds
          <ArrowRight size={13} aria-hidden />
        </Link>
      </div>
    </div>
  );
}

function Health({ title, health }: { title: string; health: DestinationHealth }) {
  const { attempts, succeeded, failed, throttled, meanLatencyMs, maxLatencyMs } = health;
  const isBad = attempts > 0 && succeeded / attempts < 0.9;
  return (
    <Card title={title} hint={attempts === 0 ? "no attempts" : `${writeCount(attempts)} attempts`}>
      <div className="grid grid-cols-2 gap-x-4 gap-y-3 sm:grid-cols-4">
        <Number word="succeeded" value={writeShare(succeeded, attempts)} bad={isBad} />
        <Number word="failed" value={writeCount(failed)} bad={failed > 0 && isBad} />
        <Number word="answered 429 or late" value={writeCount(throttled)} />
        <Number
          word="mean, and longest"
          value={meanLatencyMs === null ? "–" : `${writeSpan(meanLatencyMs)}, ${writeSpan(maxLatencyMs ?? 0)}`}
        />
      </div>
    </Card>
  );
}

function Number({ word, value, bad = false }: { word: string; value: string; bad?: boolean }) {
  return (
    <p className="text-xs text-faint">
      <strong className={`block text-base font-semibold tabular-nums ${bad ? "text-bad" : "text-ink"}`}>{value}</strong>
      {word}
    </p>
  );
}

function Charts({ id }: { id: string }) {
  const rates = useQuery(ratesQuery(MINUTES, { destination: id }));
  if (rates.data === undefined) return rates.error === null ? <Loading rows={2} /> : <FaultPanel error={rates.error} />;
  const { minutes } = rates.data;
  const times = minutes.map(({ at }) => Date.parse(at) / 1_000);
  return (
    <div className="grid min-w-0 gap-4 lg:grid-cols-2">
      <Card>
        <Chart
          title="Attempts, a minute"
          times={times}
          series={[
            { word: "succeeded", color: "--good", values: minutes.map(({ succeeded }) => succeeded) },
            { word: "failed", color: "--bad", values: minutes.map(({ failed }) => failed) },
          ]}
        />
      </Card>
      <Card>
        <Chart
          title="How long it takes to answer"
          times={times}
          unit=" ms"
          series={[{ word: "mean of the minute", color: "--wait", values: minutes.map(({ latencyMs }) => latencyMs) }]}
        />
      </Card>
    </div>
  );
}

function Notices({ destination }: { destination: DestinationDetail }) {
  const { notices, failingSince } = destination;
  return (
    <Card title="Notices" hint="what its operators were told" flush>
      {failingSince === null ? null : (
        <p className="border-b border-line bg-bad-soft px-4 py-2.5 text-[13px] text-bad">
          Every attempt has failed since <Moment at={failingSince} exact />, <Moment at={failingSince} />. After five
          days of that it is disabled.
        </p>
      )}
      {notices.length === 0 && failingSince === null ? (
        <p className="px-4 py-3 text-[13px] text-faint">None: it has not failed for long.</p>
      ) : null}
      <ul>
        {notices.map((notice) => (
          <li
            key={`${notice.kind}-${notice.at}`}
            className="border-b border-line px-4 py-2.5 text-[13px] last:border-b-0"
          >
            <p className="flex flex-wrap justify-between gap-x-3">
              <span className="font-medium">{describeNotice(notice.kind)}</span>
              <span className="text-xs text-faint">
                <Moment at={notice.at} />
              </span>
            </p>
            <p className="text-soft">{notice.detail}</p>
          </li>
        ))}
      </ul>
    </Card>
  );
}

function About({ destination }: { destination: DestinationDetail }) {
  const { retry } = destination;
  const lastSec = retry.scheduleSec.reduce((sum, sec) => sum + sec, 0);
  const headers = Object.entries(destination.headers);
  return (
    <Card title="What is known">
      <Facts
        facts={[
          ["Id", <Exact key="id" text={destination.id} label="Copy the id" />],
          ["Declared", describeOrigin(destination.origin)],
          ["Limits", describeLimits(destination)],
          ["Under way now", String(destination.permitsOut)],
          ["Waits at its gate", destination.waitsAtGate ? "yes" : "nothing"],
          ["An attempt may take", writeSpan(destination.timeoutMs)],
          [
            "Retries",
            retry.scheduleSec.length === 0
              ? "none"
              : `${String(retry.scheduleSec.length)} over ${writeSpan(lastSec * 1_000)}, then it is a dead letter`,
          ],
          ["Refusals until dead", String(retry.refusalsMax)],
          [
            "Headers that are added",
            headers.length === 0 ? "none" : headers.map(([name, value]) => `${name}: ${value}`).join(", "),
          ],
          ["Changed", <Moment key="c" at={destination.updatedAt} exact />],
        ]}
      />
    </Card>
  );
}
