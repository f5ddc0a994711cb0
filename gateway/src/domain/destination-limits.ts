import type { DestinationDefinition } from "./definition.ts";
import type { Fields, Place } from "./field-checks.ts";
import { nameType, readInteger, report, within } from "./field-checks.ts";
import type { Limits } from "./gate.ts";

export const LIMIT_FIELD_NAMES = ["concurrency", "ratePerSec", "burst"] as const;
type LimitsDefinition = Pick<DestinationDefinition, (typeof LIMIT_FIELD_NAMES)[number]>;

const CONCURRENCY_MAX = 10_000;
const RATE_MIN = 0.001;
const RATE_MAX = 100_000;
/** A gate is looked at 50 times a second at most, so a smaller burst would be a lower rate. */
const LOOKS_PER_SEC = 50;

/** Checks a declared destination's limits. Every fault goes to the place's list. */
export function checkLimits(place: Place, fields: Fields): LimitsDefinition {
  const concurrency = readInteger(within(place, "concurrency"), fields["concurrency"], 1, CONCURRENCY_MAX);
  const ratePerSec = readRate(within(place, "ratePerSec"), fields["ratePerSec"]);
  const spot = within(place, "burst");
  const burst = readInteger(spot, fields["burst"], 1, RATE_MAX);
  if (typeof burst === "number" && ratePerSec === null)
    report(spot, "has no meaning without ratePerSec; give the rate, or leave it out");
  if (typeof burst === "number" && ratePerSec !== null && burst * LOOKS_PER_SEC < ratePerSec)
    report(spot, `must be at least ${Math.ceil(ratePerSec / LOOKS_PER_SEC)}, a fiftieth of ratePerSec`);
  return {
    ...(typeof concurrency === "number" ? { concurrency } : {}),
    ...(ratePerSec === null ? {} : { ratePerSec }),
    ...(typeof burst === "number" ? { burst } : {}),
  };
}

function readRate(place: Place, input: unknown): number | null {
  if (input === undefined) return null;
  if (typeof input === "number" && input >= RATE_MIN && input <= RATE_MAX) return input;
  const shown = typeof input === "number" ? String(input) : nameType(input);
  return report(place, `must be a number from ${RATE_MIN} to ${RATE_MAX}, not ${shown}`);
}

/** The limits that a declaration asks for. */
export function toLimits({ concurrency, ratePerSec, burst }: LimitsDefinition): Limits {
  const size = ratePerSec === undefined ? null : (burst ?? Math.max(1, Math.ceil(ratePerSec)));
  return { concurrency: concurrency ?? null, ratePerSec: ratePerSec ?? null, burst: size };
}

/** The declaration that limits came from. */
export function toLimitsDefinition({ concurrency, ratePerSec, burst }: Limits): LimitsDefinition {
  return {
    ...(concurrency === null ? {} : { concurrency }),
    ...(ratePerSec === null ? {} : { ratePerSec }),
    ...(burst === null ? {} : { burst }),
  };
}
