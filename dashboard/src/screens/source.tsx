import type { Source } from "@holdfast/client";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { Ban, Play, Zap } from "lucide-react";
import { useState } from "react";
import { api } from "../api/api.ts";
import type { RateMinute } from "../api/overview.ts";
import { ratesQuery } from "../api/overview.ts";
import type { ProviderRow } from "../api/setup.ts";
import { providersQuery } from "../api/setup.ts";
import { Button } from "../parts/button.tsx";
import { Card, Facts } from "../parts/card.tsx";
import { Chart } from "../parts/chart.tsx";
import { Confirm } from "../parts/confirm.tsx";
import { Exact } from "../parts/copy.tsx";
import { writeBytes, writeCount } from "../parts/numbers.ts";
import { Empty, FaultPanel, Loading } from "../parts/outcome.tsx";
import { Page, UnreadyPage } from "../parts/page.tsx";
import { StateBadge } from "../parts/state-badge.tsx";
import { Tally } from "../parts/tally.tsx";
import { useMay } from "../parts/use-may.ts";
import { Moment } from "../parts/zone.tsx";
import { describeOrigin } from "./route-words.ts";
import { RoutesCard } from "./routes-card.tsx";
import { SourceSecrets } from "./source-secrets.tsx";
import { SetupGuide } from "./source-setup.tsx";
import { TestEventDialog } from "./source-test-event.tsx";

const MINUTES = 60;

const TRAIL = [["/sources", "Sources"]] as const;

/** One source: how to set it up at the provider, its secrets, and what comes. */
export function SourceScreen() {
  const { id } = useParams({ strict: false });
  const source = useQuery({
    queryKey: ["source", id],
    queryFn: () => api.sources.get(id ?? ""),
    refetchInterval: 15_000,
  });
  const providers = useQuery(providersQuery);
  const failed = source.error ?? providers.error;
  if (source.data === undefined || providers.data === undefined) {
    return <UnreadyPage title="Source" trail={TRAIL} error={failed} onRetry={() => void source.refetch()} />;
  }
  const { data } = source;
  const provider = providers.data.items.find(({ slug }) => slug === data.provider);
  return (
    <Page
      title={data.name}
      trail={TRAIL}
      from={[source, providers]}
      lead={
        <span className="inline-flex flex-wrap items-center gap-2">
          {provider?.name ?? data.provider} <StateBadge state={data.state} />
        </span>
      }
      actions={<Actions source={data} provider={provider} />}
    >
      <Traffic source={data} />
      <div className="grid min-w-0 items-start gap-4 xl:grid-cols-[minmax(0,1.1fr)_minmax(0,1fr)]">
        <div className="flex min-w-0 flex-col gap-4">
          <SourceSecrets source={data} provider={provider} />
          <RoutesCard
            title="Where its events go"
            of={{ source: data.id }}
            empty={
              <Empty title="No route leads anywhere" command="npx holdfast init">
                Its events are verified and recorded, and wait for a replay. Declare a route in the configuration file:
              </Empty>
            }
          />
        </div>
        <div className="flex min-w-0 flex-col gap-4">
          {provider === undefined ? null : <SetupGuide source={data} provider={provider} />}
          <About source={data} provider={provider} />
        </div>
      </div>
    </Page>
  );
}

function Actions({ source, provider }: { source: Source; provider: ProviderRow | undefined }) {
  const [shown, setShown] = useState<"test" | "state" | null>(null);
  const client = useQueryClient();
  const rates = useQuery(ratesQuery(MINUTES, { source: source.id }));
  if (!useMay("operator")) return null;
  const recorded = (rates.data?.minutes ?? []).reduce((sum, minute) => sum + minute.recorded, 0);
  const isActive = source.state === "active";
  const close = (): void => setShown(null);
  return (
    <>
      <Button icon={<Zap size={13} aria-hidden />} disabled={!isActive} onClick={() => setShown("test")}>
        Send a test event
      </Button>
      {/* What a file declares is changed there: the next apply would undo it. */}
      {source.origin === "api" ? (
        <Button
          look={isActive ? "danger" : "primary"}
          icon={isActive ? <Ban size={13} aria-hidden /> : <Play size={13} aria-hidden />}
          onClick={() => setShown("state")}
        >
          {isActive ? "Disable" : "Enable"}
        </Button>
      ) : null}
      <TestEventDialog open={shown === "test"} onClose={close} source={source} provider={provider} />
      <Confirm
        open={shown === "state"}
        onClose={close}
        title={isActive ? `Disable ${source.name}?` : `Enable ${source.name}?`}
        impact={
          isActive
            ? `${writeCount(recorded)} events came here in the last hour. From now on the provider gets 410, and many providers then delete the webhook. What is recorded already is delivered. Nothing is deleted.`
            : "Arrivals are verified and recorded again, from the next one on."
        }
        verb={isActive ? "Disable the source" : "Enable the source"}
        look={isActive ? "danger" : "primary"}
        act={async () => {
          await api.sources.update(source.id, { state: isActive ? "disabled" : "active" });
          await client.invalidateQueries({ queryKey: ["source"] });
          await client.invalidateQueries({ queryKey: ["sources"] });
        }}
      />
    </>
  );
}

function Traffic({ source }: { source: Source }) {
  const rates = useQuery(ratesQuery(MINUTES, { source: source.id }));
  if (rates.data === undefined) return rates.error === null ? <Loading rows={2} /> : <FaultPanel error={rates.error} />;
  const { minutes } = rates.data;
  const sum = (field: "recorded" | "duplicates" | "rejected" | "unavailable"): number =>
    minutes.reduce((total, minute) => total + minute[field], 0);
  const rejected = sum("rejected");
  const last = minutes.findLast(({ recorded }) => recorded > 0);
  return (
    <>
      <Tally
        label="The last hour"
        figures={[
          { word: "events in the last hour", value: writeCount(sum("recorded")) },
          { word: "duplicates", value: writeCount(sum("duplicates")) },
          { word: "rejected", value: writeCount(rejected), tone: rejected > 0 ? "bad" : "calm" },
          { word: "put off with 429 or 503", value: writeCount(sum("unavailable")) },
          { word: "last event", value: last === undefined ? "none" : <Moment at={last.at} /> },
        ]}
      />
      <Card>
        <TrafficChart minutes={minutes} />
        <p className="mt-2 flex flex-wrap gap-x-4 text-[13px]">
          <Link to="/events" search={{ source: source.name }} className="text-accent hover:underline">
            See its events
          </Link>
          <Link
            to={"/rejections" as "/events"}
            search={{ source: source.name }}
            className="text-accent hover:underline"
          >
            See its rejections
          </Link>
        </p>
      </Card>
    </>
  );
}

function TrafficChart({ minutes }: { minutes: readonly RateMinute[] }) {
  return (
    <Chart
      title="Arrivals, a minute"
      times={minutes.map(({ at }) => Date.parse(at) / 1_000)}
      series={[
        { word: "events", color: "--accent", values: minutes.map(({ recorded }) => recorded) },
        { word: "duplicates", color: "--ink-faint", values: minutes.map(({ duplicates }) => duplicates) },
        { word: "rejected", color: "--bad", values: minutes.map(({ rejected }) => rejected) },
      ]}
    />
  );
}

function About({ source, provider }: { source: Source; provider: ProviderRow | undefined }) {
  const limit =
    source.ratePerSec === null
      ? "no limit"
      : `${source.ratePerSec} a second, ${source.burst ?? source.ratePerSec} at once`;
  const signature =
    provider === undefined
      ? []
      : ([
          [
            "What is signed",
            <code key="s" className="font-mono text-xs">
              {provider.signedContent}
            </code>,
          ],
          ["Not covered", provider.notCovered],
          ["Deduplicated by", provider.dedupeKey],
          ["Clocks may differ by", provider.toleranceSec === null ? "not checked" : `${provider.toleranceSec} s`],
          ["Worth knowing", provider.notes],
        ] as const);
  return (
    <Card title="What is known">
      <Facts
        facts={[
          ["Id", <Exact key="id" text={source.id} label="Copy the id" />],
          ["Declared", describeOrigin(source.origin)],
          ["Largest body", writeBytes(source.bodyBytesMax)],
          ["Priority", source.priority],
          ["Lane", source.lane ?? "one for all"],
          ["Arrivals", limit],
          ["Changed", <Moment key="c" at={source.updatedAt} exact />],
          ...signature,
        ]}
      />
    </Card>
  );
}
