import type { SecretVersionDetail, Source } from "@holdfast/client";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useRef, useState } from "react";
import { api } from "../api/api.ts";
import type { ProviderRow } from "../api/setup.ts";
import { Button } from "../parts/button.tsx";
import { Card } from "../parts/card.tsx";
import { writeCount } from "../parts/numbers.ts";
import { FaultPanel, Loading } from "../parts/outcome.tsx";
import { Badge, StateBadge } from "../parts/state-badge.tsx";
import { useMay } from "../parts/use-may.ts";
import { Moment } from "../parts/zone.tsx";
import { SecretChange, type SecretStep } from "./source-rotation.tsx";

/** The versions of the source's secret: which verify, when each was last used, and what the next safe step is. */
export function SourceSecrets({ source, provider }: { source: Source; provider: ProviderRow | undefined }) {
  const secrets = useQuery({
    queryKey: ["secrets", source.id],
    queryFn: () => api.secrets.list(source.id),
    refetchInterval: 5_000,
  });
  const [step, setStep] = useState<SecretStep | null>(null);
  const mayChange = useMay("operator") && source.origin === "api";
  const since = useUsesSinceOpened(secrets.data?.items);
  if (provider !== undefined && !provider.receiverFields.includes("secrets")) return null;
  const versions = secrets.data?.items ?? [];
  return (
    <Card
      title="Secrets"
      hint="several verify at once while you rotate"
      flush
      actions={mayChange ? <Button onClick={() => setStep({ kind: "add" })}>Add a secret</Button> : undefined}
    >
      {secrets.isPending ? <Loading rows={2} /> : null}
      {secrets.error === null ? null : <FaultPanel error={secrets.error} />}
      {secrets.data === undefined ? null : (
        <NextStep source={source} versions={versions} mayChange={mayChange} onStep={setStep} />
      )}
      <ul aria-label="Versions of the secret">
        {versions.map((version) => (
          <VersionRow
            key={version.version}
            version={version}
            share={shareOf(version, versions, since)}
            onRetire={mayChange && version.state !== "retired" ? () => setStep({ kind: "retire", version }) : null}
          />
        ))}
      </ul>
      <SecretChange step={step} source={source} provider={provider} onClose={() => setStep(null)} />
    </Card>
  );
}

/** How often each version was used when this screen was opened: what came since tells which one the provider signs with now. */
function useUsesSinceOpened(items: readonly SecretVersionDetail[] | undefined): ReadonlyMap<string, number> {
  const first = useRef<ReadonlyMap<string, number> | null>(null);
  if (items !== undefined) first.current ??= new Map(items.map(({ version, uses }) => [version, uses]));
  return first.current ?? new Map();
}

interface Share {
  readonly uses: number;
  readonly percent: number | null;
}

function shareOf(
  version: SecretVersionDetail,
  versions: readonly SecretVersionDetail[],
  since: ReadonlyMap<string, number>,
): Share {
  const uses = (of: SecretVersionDetail): number => Math.max(0, of.uses - (since.get(of.version) ?? 0));
  const all = versions.reduce((sum, other) => sum + uses(other), 0);
  const own = uses(version);
  return { uses: own, percent: all === 0 ? null : Math.round((own / all) * 100) };
}

function VersionRow({
  version,
  share,
  onRetire,
}: {
  version: SecretVersionDetail;
  share: Share;
  onRetire: (() => void) | null;
}) {
  const isLive = version.state !== "retired";
  return (
    <li className="flex flex-col gap-1 border-t border-line px-4 py-3 text-[13px]">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <span className="font-medium">{version.version}</span>
        <StateBadge state={version.state} />
        {version.readable ? null : <Badge tone="bad">cannot be read: its key is not loaded</Badge>}
        <span className="text-soft">
          verified {writeCount(version.uses)}, last <Moment at={version.lastUsedAt} />
        </span>
        {onRetire === null ? null : (
          <Button className="ml-auto" look="quiet" onClick={onRetire}>
            Retire
          </Button>
        )}
      </div>
      {isLive && share.percent !== null ? (
        <div className="flex items-center gap-2 text-xs text-soft">
          <span className="h-1.5 w-32 overflow-hidden rounded-full bg-line" aria-hidden>
            <span className="block h-full rounded-full bg-accent" style={{ width: `${String(share.percent)}%` }} />
          </span>
          {share.percent} % of what came since you opened this ({writeCount(share.uses)})
        </div>
      ) : null}
      {version.state === "retiring" && version.notAfter !== null ? (
        <p className="text-xs text-soft">
          Verifies until <Moment at={version.notAfter} exact />, <Moment at={version.notAfter} />.
        </p>
      ) : null}
    </li>
  );
}

/** One sentence on where the rotation stands, and the one button that goes on. */
function NextStep({
  source,
  versions,
  mayChange,
  onStep,
}: {
  source: Source;
  versions: readonly SecretVersionDetail[];
  mayChange: boolean;
  onStep: (step: SecretStep) => void;
}) {
  if (source.origin !== "api")
    return (
      <p className="px-4 py-3 text-[13px] text-soft">
        {source.origin === "sample" ? (
          "A sample of holdfast dev; its secret stays as it is."
        ) : (
          <>
            Declared in the configuration file. To rotate, list the new secret beside the old one there and run{" "}
            <code className="font-mono text-xs">npx holdfast apply</code>; the use below tells when the old one may go.
          </>
        )}
      </p>
    );
  const pending = versions.find(({ state }) => state === "pending");
  const retiring = versions.find(({ state }) => state === "retiring");
  if (pending !== undefined) return <PromoteStep pending={pending} mayChange={mayChange} onStep={onStep} />;
  if (retiring === undefined) return null;
  const { safe, reason } = retiring.safeToRetire;
  return (
    <StepNote
      tone={safe ? "good" : "warn"}
      title={safe ? `${retiring.version} may go` : `Leave ${retiring.version} for now`}
    >
      {sentence(reason)}
      {mayChange && safe ? (
        <Button look="primary" onClick={() => onStep({ kind: "retire", version: retiring })}>
          Retire {retiring.version}
        </Button>
      ) : null}
    </StepNote>
  );
}

function PromoteStep({
  pending,
  mayChange,
  onStep,
}: {
  pending: SecretVersionDetail;
  mayChange: boolean;
  onStep: (step: SecretStep) => void;
}) {
  const isUsed = pending.lastUsedAt !== null;
  return (
    <StepNote
      tone={isUsed ? "good" : "wait"}
      title={
        isUsed ? `The provider signs with ${pending.version} already` : `${pending.version} waits for the provider`
      }
    >
      {isUsed
        ? "Promote it: the one before verifies until the overlap has passed."
        : "Both verify now. Give the new secret to the provider; this changes as soon as something comes that it signed."}
      {mayChange ? (
        <Button look={isUsed ? "primary" : "plain"} onClick={() => onStep({ kind: "promote", version: pending })}>
          Promote {pending.version}
        </Button>
      ) : null}
    </StepNote>
  );
}

const NOTES = {
  good: "bg-good-soft",
  wait: "bg-wait-soft",
  warn: "bg-warn-soft",
} as const;

function StepNote({ tone, title, children }: { tone: keyof typeof NOTES; title: string; children: ReactNode }) {
  return (
    <div className={`flex flex-col items-start gap-2 px-4 py-3 text-[13px] text-ink ${NOTES[tone]}`} role="status">
      <p className="font-medium">{title}</p>
      {children}
    </div>
  );
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
