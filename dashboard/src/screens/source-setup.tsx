import type { Source } from "@holdfast/client";
import type { ReactNode } from "react";
import type { ProviderRow } from "../api/setup.ts";
import { Card } from "../parts/card.tsx";
import { CopyButton } from "../parts/copy.tsx";
import { describeField, guideOf } from "./source-guides.ts";

/** What to do at the provider so that its events come here: the URL, where it goes, and what must fit. */
export function SetupGuide({ source, provider }: { source: Source; provider: ProviderRow }) {
  const guide = guideOf(provider);
  const others = provider.receiverFields.filter((name) => name !== "secrets" && name !== "publicKeys");
  return (
    <Card title={`Set up at ${provider.name}`} hint="what to paste where">
      <ol className="flex flex-col gap-4 text-[13px]">
        <Step number={1} title="Paste this URL">
          <div className="flex items-center gap-2 rounded-md border border-line bg-sunken py-1 pr-1 pl-3">
            <code className="min-w-0 flex-1 font-mono text-[12.5px] break-all">{source.ingestUrl}</code>
            <CopyButton text={source.ingestUrl} label="Copy the URL" />
          </div>
          <p className="text-soft">{guide.url}</p>
          <Reachable url={source.ingestUrl} />
        </Step>
        <Step
          number={2}
          title={provider.receiverFields.includes("secrets") ? "The secret" : "What it is verified with"}
        >
          <p className="text-soft">{guide.secret}</p>
          {others.length === 0 ? null : (
            <ul className="flex list-disc flex-col gap-0.5 pl-4 text-soft">
              {others.map((name) => (
                <li key={name}>
                  {describeField(name).label}{" "}
                  <span className="text-faint">
                    ({source.receiver[name] === undefined ? "missing" : <Shown value={source.receiver[name]} />})
                  </span>
                </li>
              ))}
            </ul>
          )}
        </Step>
        <Step number={3} title="Let it check the URL">
          <p className="text-soft">
            {provider.handshake
              ? `The source answers the check by itself: ${provider.handshakeNote}.`
              : "There is no check. Send a test event, from here or from the provider's console."}
          </p>
        </Step>
      </ol>
    </Card>
  );
}

function Shown({ value }: { value: unknown }) {
  return (
    <code className="font-mono text-xs break-all">{typeof value === "string" ? value : JSON.stringify(value)}</code>
  );
}

function Step({ number, title, children }: { number: number; title: string; children: ReactNode }) {
  return (
    <li className="flex gap-3">
      <span
        aria-hidden
        className="flex size-6 shrink-0 items-center justify-center rounded-full bg-accent-soft text-xs font-semibold text-accent"
      >
        {number}
      </span>
      <div className="flex min-w-0 flex-1 flex-col gap-1.5">
        <h3 className="leading-6 font-medium">{title}</h3>
        {children}
      </div>
    </li>
  );
}

/** A URL of this machine is of no use to a provider; better said here than found out there. */
function Reachable({ url }: { url: string }) {
  const { hostname, protocol } = new URL(url);
  const isLocal = /^(localhost|127\.|10\.|192\.168\.|0\.0\.0\.0|\[::1\])/.test(hostname);
  if (!isLocal && protocol === "https:") return null;
  return (
    <p className="rounded-md bg-warn-soft px-3 py-2 text-warn">
      {isLocal
        ? "This address is of this machine alone. Providers reach it by a tunnel or a proxy: set publicUrl to the address that they see."
        : "Most providers post to https alone. Put a proxy with TLS in front, and set publicUrl to its address."}
    </p>
  );
}
