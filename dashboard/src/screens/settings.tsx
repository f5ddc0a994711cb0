import { useQuery } from "@tanstack/react-query";
import { api } from "../api/api.ts";
import { Card, Facts } from "../parts/card.tsx";
import { Command } from "../parts/copy.tsx";
import { Empty, FaultPanel, Loading } from "../parts/outcome.tsx";
import { Page } from "../parts/page.tsx";
import { useMay } from "../parts/use-may.ts";
import { Processes } from "./queue-processes.tsx";

/** How this gateway was started, on which database it works, and how its configuration is taken out. */
export function SettingsScreen() {
  const may = useMay("operator");
  const status = useQuery({ queryKey: ["status"], queryFn: () => api.status() });
  return (
    <Page
      title="Settings"
      lead="How this gateway was started. Settings come from flags, environment and configuration file, and count from the next start; docs/configuration.md explains each."
    >
      {status.isPending ? <Loading /> : null}
      {status.error === null ? null : <FaultPanel error={status.error} onRetry={() => void status.refetch()} />}
      {status.data === undefined ? null : (
        <>
          <Card title="This gateway">
            <Facts
              facts={[
                ["Version", status.data.version],
                ["PostgreSQL", status.data.postgresVersion],
                ...factsOf(status.data["database"], "Database").map(
                  ([name, value]) => [DATABASE_WORDS[name] ?? name, value] as const,
                ),
                ...keptOf(status.data["retention"]),
                ["Partitions ahead", `${status.data.partitionsAheadDays ?? 0} days`],
              ]}
            />
          </Card>
          <Processes processes={status.data["processes"]} />
        </>
      )}
      {may ? <Effective /> : null}
      <Card title="Configuration as a file">
        <div className="flex flex-col gap-3 text-[13px] text-soft">
          <p>Everything that is declared, without secrets; and how a changed file is applied, looked at first:</p>
          <Command
            text={`curl -H "Authorization: Bearer $HOLDFAST_ADMIN_TOKEN" ${window.location.origin}/api/v1/configuration`}
          />
          <Command text="npx holdfast apply --dry-run" />
        </div>
      </Card>
    </Page>
  );
}

function Effective() {
  const settings = useQuery({
    queryKey: ["settings"],
    queryFn: () => api.get<{ settings: Record<string, unknown> }>("/settings"),
  });
  const facts = settings.data === undefined ? [] : factsOf(settings.data.settings, "");
  return (
    <Card title="Settings in force" hint="secrets are hidden">
      {settings.isPending ? <Loading /> : null}
      {settings.error === null ? null : <FaultPanel error={settings.error} onRetry={() => void settings.refetch()} />}
      {settings.data !== undefined && facts.length === 0 ? <Empty title="This process tells no settings" /> : null}
      <Facts facts={facts} />
    </Card>
  );
}

const DATABASE_WORDS: Readonly<Record<string, string>> = {
  "Database kind": "Kind of database",
  "Database description": "Database",
  "Database safety ok": "Durable settings",
};

const KEPT_WORDS: Readonly<Record<string, string>> = {
  eventDays: "Events are kept for",
  attemptDays: "Attempts are kept for",
  rejectionDays: "Rejections are kept for",
  dedupeDays: "Duplicates are known for",
};

function keptOf(retention: unknown): [name: string, value: string][] {
  return factsOf(retention, "").map(([name, value]) => [KEPT_WORDS[name] ?? name, `${value} days`]);
}

/** What stands in an object, each value with the path to it. What comes is looked at before it is believed. */
function factsOf(given: unknown, path: string): [name: string, value: string][] {
  if (given === undefined) return [];
  if (typeof given !== "object" || given === null || Array.isArray(given)) return [[path, write(given)]];
  return Object.entries(given).flatMap(([name, value]) => factsOf(value, path === "" ? name : `${path} ${name}`));
}

function write(value: unknown): string {
  if (value === null || value === "") return "not set";
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.map(write).join(", ");
  if (typeof value === "boolean") return value ? "yes" : "no";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
