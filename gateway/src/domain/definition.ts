import type { AlertsDefinition, CheckedAlerts } from "./alert-definition.ts";
import { checkAlerts } from "./alert-definition.ts";
import type { FieldFault, Place } from "./field-checks.ts";
import { isPlainObject, nameType, readFields, readList, report, shown, within } from "./field-checks.ts";
import type { UrlChecker } from "./destination-definition.ts";
import { checkDestination } from "./destination-definition.ts";
import type { Priority } from "./priority.ts";
import type { FilterChecker, RoutePolicyDefinition } from "./route-policy.ts";
import type { NamedRoute } from "./route-definition.ts";
import { checkRoute } from "./route-definition.ts";
import type { CheckedReconciliation, ReconciliationDefinition, ScheduleChecker } from "./reconciliation-definition.ts";
import { checkReconciliation } from "./reconciliation-definition.ts";
import type { ReceiverChecker } from "./source-definition.ts";
import { checkSource } from "./source-definition.ts";
import type { SourcePolicyDefinition } from "./source-policy.ts";

/**
 * What a configuration declares: the shape of `holdfast.config.ts` and of `POST /api/v1/configuration`. Sources and
 * destinations are keyed by their names; a route's name is made from its two ends when it has none.
 */
export interface Definition {
  readonly sources?: Readonly<Record<string, SourceDefinition>> | undefined;
  readonly destinations?: Readonly<Record<string, DestinationDefinition>> | undefined;
  readonly routes?: readonly RouteDefinition[] | undefined;
  readonly reconciliations?: Readonly<Record<string, ReconciliationDefinition>> | undefined;
  readonly alerts?: AlertsDefinition | undefined;
}

/** One of a source's secrets. The version is its lasting name; without one it is found again by its value. */
export interface SecretDefinition {
  readonly value: string;
  readonly version?: string | undefined;
  /** The last moment at which it is honoured: a Date, ISO 8601 text (UTC unless it names a zone), or milliseconds since 1970. */
  readonly notAfter?: Date | string | number | undefined;
  /** Accept a value shorter than the provider's minimum. */
  readonly allowShort?: boolean | undefined;
}

/** The fields of a source that say how it verifies: the receiver configuration of @holdfast/verify without its secrets. */
export interface ReceiverDefinition {
  readonly publicKeys?: readonly { kid?: string | undefined; format: string; value: string }[] | undefined;
  readonly certificates?: Readonly<Record<string, string>> | undefined;
  readonly certHostPattern?: string | undefined;
  readonly trustedRoots?: readonly string[] | undefined;
  readonly notificationUrl?: string | undefined;
  readonly callbackUrl?: string | undefined;
  readonly webhookId?: string | undefined;
  readonly audience?: string | undefined;
  readonly issuers?: readonly string[] | undefined;
  readonly email?: string | undefined;
  readonly bundleId?: string | undefined;
  readonly environment?: string | undefined;
  readonly appId?: string | number | undefined;
  readonly keyId?: string | undefined;
  readonly algorithm?: string | undefined;
  /** The version of the provider's scheme, where it has several; not a secret's version. */
  readonly version?: string | undefined;
  readonly secretRoles?: Readonly<Record<string, string>> | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly verifyToken?: string | undefined;
  /** Our own id and secret at a provider that gives its keys to its clients only (Plaid). */
  readonly clientId?: string | undefined;
  readonly clientSecret?: string | undefined;
  readonly toleranceSec?: number | undefined;
}

export interface SourceDefinition extends ReceiverDefinition, SourcePolicyDefinition {
  /** The slug of the provider, such as `stripe`. */
  readonly provider: string;
  /** The part of the ingest URL that names the source; made from 192 random bits when it is left out, and kept. */
  readonly key?: string | undefined;
  readonly secrets?: readonly (string | SecretDefinition)[] | undefined;
  /** Larger bodies are refused with 413. */
  readonly bodyBytesMax?: number | undefined;
}

export interface RetryDefinition {
  /** Waits between attempts, in seconds; one attempt more than there are waits, then the delivery is dead. */
  readonly scheduleSec?: readonly number[] | undefined;
  /** How many refusals (4xx, 3xx, blocked address) end a delivery. */
  readonly refusalsMax?: number | undefined;
}

interface DestinationPolicyDefinition {
  readonly timeoutMs?: number | undefined;
  /** Attempts under way at once, over all processes. Default: no limit of its own. */
  readonly concurrency?: number | undefined;
  /** Attempts begun per second, over all processes. Default: no limit. */
  readonly ratePerSec?: number | undefined;
  /** How many may begin at once after a quiet time. Default: what the rate gives in a second. */
  readonly burst?: number | undefined;
  readonly retry?: RetryDefinition | undefined;
}

export interface HttpDestinationDefinition extends DestinationPolicyDefinition {
  readonly url: string;
  /** Added to each delivery. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** `whsec_` and base64 of 24 to 64 bytes; made from 32 random bytes when it is left out, and kept. */
  readonly signingSecret?: string | undefined;
  readonly handler?: undefined;
}

export interface HandlerDestinationDefinition extends DestinationPolicyDefinition {
  /** The name of a function of the configuration file. */
  readonly handler: string;
  readonly url?: undefined;
}

export type DestinationDefinition = HttpDestinationDefinition | HandlerDestinationDefinition;

export interface RouteDefinition extends RoutePolicyDefinition {
  readonly name?: string | undefined;
  /** The name of a source of the same definition. */
  readonly source: string;
  /** The name of a destination of the same definition. */
  readonly destination: string;
  /** Patterns of event types, `*` standing for any run of characters. Default: every event. */
  readonly eventTypes?: readonly string[] | undefined;
  /** Default: the priority of the source. */
  readonly priority?: Priority | undefined;
}

/** The judgements that need more than the domain knows: the provider's scheme, the operator's network rules, the language of filters. */
export interface DefinitionCheckers {
  readonly checkReceiver: ReceiverChecker;
  readonly vetUrl: UrlChecker;
  readonly checkFilter: FilterChecker;
  readonly checkSchedule: ScheduleChecker;
}

/** A definition in which every name, reference and bound holds, or every fault of it. */
export type CheckedDefinition =
  | { readonly ok: true; readonly definition: CompleteDefinition }
  | { readonly ok: false; readonly faults: readonly FieldFault[] };

/** A checked definition: all parts are there, and every route has its name. */
export interface CompleteDefinition {
  readonly sources: Readonly<Record<string, SourceDefinition>>;
  readonly destinations: Readonly<Record<string, DestinationDefinition>>;
  readonly routes: readonly NamedRoute[];
  readonly reconciliations: Readonly<Record<string, CheckedReconciliation>>;
  /** Null without any; channels that were declared before are disabled then. */
  readonly alerts: CheckedAlerts | null;
}

const NAMED_MAX = 1_000;
const ROUTES_MAX = 10_000;

/**
 * Checks what a configuration declares, reporting every fault at once with its path. The result is a copy that holds known
 * fields only, so nothing of the input's prototype or of what it does not say gets further.
 */
export function checkDefinition(input: unknown, checkers: DefinitionCheckers): CheckedDefinition {
  const faults: FieldFault[] = [];
  const place: Place = { path: "", faults };
  const fields = readFields(place, input, ["sources", "destinations", "routes", "reconciliations", "alerts"]);
  if (fields === null) return { ok: false, faults };
  const sources = checkNamed(within(place, "sources"), fields["sources"], (spot, value) =>
    checkSource(spot, value, checkers.checkReceiver),
  );
  reportSharedKeys(within(place, "sources"), sources);
  const destinations = checkNamed(within(place, "destinations"), fields["destinations"], (spot, value) =>
    checkDestination(spot, value, checkers.vetUrl),
  );
  const known = { sources: declaredNames(fields["sources"]), destinations: declaredNames(fields["destinations"]) };
  const routes: NamedRoute[] = [];
  for (const [i, item] of (readList(within(place, "routes"), fields["routes"], ROUTES_MAX) ?? []).entries()) {
    const route = checkRoute(within(within(place, "routes"), i), item, known, checkers.checkFilter);
    if (route !== null && routes.some((other) => other.name === route.name)) {
      report(
        within(within(place, "routes"), i),
        `a route named ${route.name} is already declared; give each its own name`,
      );
    }
    if (route !== null) routes.push(route);
  }
  const reconciliations = checkNamed(within(place, "reconciliations"), fields["reconciliations"], (spot, value) =>
    checkReconciliation(spot, value, known.sources, checkers),
  );
  const { vetUrl } = checkers;
  const alerts = checkAlerts(within(place, "alerts"), fields["alerts"], { sources: known.sources, vetUrl });
  if (faults.length > 0) return { ok: false, faults };
  return { ok: true, definition: { sources, destinations, routes, reconciliations, alerts } };
}

/** What names of sources, destinations and the tenant look like. */
export const NAME_PATTERN = /^[a-z0-9][a-z0-9-]{0,62}$/;
export const NAME_RULE = "must be 1 to 63 lower-case letters, digits or -, beginning with a letter or digit";

function checkNamed<T>(
  place: Place,
  input: unknown,
  check: (spot: Place, value: unknown) => T | null,
): Record<string, T> {
  // No prototype: a look-up of a name that is not declared must find nothing, whatever the name is.
  const checked = Object.create(null) as Record<string, T>;
  if (input === undefined) return checked;
  if (!isPlainObject(input)) {
    report(place, `must be an object keyed by name, not ${nameType(input)}`);
    return checked;
  }
  const entries = Object.entries(input);
  if (entries.length > NAMED_MAX) report(place, `has more than ${NAMED_MAX} entries`);
  for (const [name, value] of entries.slice(0, NAMED_MAX)) {
    const spot = within(place, shown(name));
    if (!NAME_PATTERN.test(name)) report(spot, `the name ${NAME_RULE}`);
    const entry = check(spot, value);
    if (entry !== null) checked[name] = entry;
  }
  return checked;
}

// Faulty ones too: a route to a destination whose URL is wrong has no fault of its own.
function declaredNames(input: unknown): readonly string[] {
  return isPlainObject(input) ? Object.keys(input) : [];
}

function reportSharedKeys(place: Place, sources: Readonly<Record<string, SourceDefinition>>): void {
  const owners = new Map<string, string>();
  for (const [name, { key }] of Object.entries(sources)) {
    const owner = key === undefined ? undefined : owners.get(key);
    if (owner !== undefined) report(within(within(place, name), "key"), `is already the key of the source ${owner}`);
    if (key !== undefined) owners.set(key, name);
  }
}
