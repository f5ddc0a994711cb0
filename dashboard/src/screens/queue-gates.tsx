import type { Destination } from "@holdfast/client";
import { Link } from "@tanstack/react-router";
import { CircleGauge, Gauge, HeartPulse, OctagonX } from "lucide-react";
import type { ReactNode } from "react";
import { capitalize } from "../parts/capitalize.ts";
import { Card } from "../parts/card.tsx";
import { Badge, StateBadge } from "../parts/state-badge.tsx";
import type { Tone } from "../parts/state-badge.tsx";
import { Moment } from "../parts/zone.tsx";
import { describeGate, describeReason } from "./queue-words.ts";

/** Destinations that do not take all they could: paused, disabled, failing, slow or at a limit. */
export function Gates({ destinations }: { destinations: readonly Destination[] }) {
  const gated = destinations.filter(({ state, gate }) => state !== "active" || gate !== null);
  return (
    <Card title="Gates and breakers" hint={`${gated.length} of ${destinations.length} destinations`} flush>
      {gated.length === 0 ? (
        <p className="px-4 py-6 text-center text-[13px] text-soft">Every destination takes what comes.</p>
      ) : (
        <ul>
          {gated.map((destination) => (
            <li key={destination.id} className="border-b border-line px-4 py-2.5 text-[13px] last:border-b-0">
              <p className="flex flex-wrap items-center gap-x-2 gap-y-1">
                <Link to={`/destinations/${destination.id}` as "/events"} className="font-medium hover:underline">
                  {destination.name}
                </Link>
                <GateBadge destination={destination} />
                {destination.gate?.breakerSince ? (
                  <span className="text-xs text-faint">
                    since <Moment at={destination.gate.breakerSince} />
                  </span>
                ) : null}
              </p>
              <p className="mt-0.5 text-soft">{sayWhy(destination)}</p>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

function sayWhy(destination: Destination): string {
  if (destination.state === "active") return capitalize(describeGate(destination).why);
  const known = describeReason(destination.stateReason);
  if (known !== null) return capitalize(known.why);
  return destination.stateReason ?? "Its deliveries are held, none is lost";
}

const SIZE = { size: 12, strokeWidth: 2.4, "aria-hidden": true } as const;
const BADGES: Readonly<Record<string, { tone: Tone; word: string; icon: ReactNode }>> = {
  open: { tone: "bad", word: "Breaker open", icon: <OctagonX {...SIZE} /> },
  recovering: { tone: "warn", word: "Breaker recovering", icon: <HeartPulse {...SIZE} /> },
  slow: { tone: "warn", word: "Slow", icon: <CircleGauge {...SIZE} /> },
  limit: { tone: "calm", word: "Limited", icon: <Gauge {...SIZE} /> },
};

function GateBadge({ destination: { state, gate } }: { destination: Destination }) {
  if (state !== "active" || gate === null) return <StateBadge state={state} />;
  const known = BADGES[gate.reason === "breaker" ? gate.breaker : gate.reason];
  return known === undefined ? (
    <Badge tone="calm">{gate.reason}</Badge>
  ) : (
    <Badge tone={known.tone} icon={known.icon}>
      {known.word}
    </Badge>
  );
}
