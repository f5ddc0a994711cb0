import type { Origin } from "./catalog.ts";
import { compareFields } from "./catalog-plan.ts";
import type { PlannedAction } from "./catalog-plan.ts";
import type { ConnectorOptions } from "./connector.ts";
import { canRedeliver, connectorRecipient } from "./connector.ts";
import { checkConnector } from "./connector-definition.ts";
import type { UrlChecker } from "./destination-definition.ts";
import type { Place } from "./field-checks.ts";
import { MASKED, nameType, readFields, readInteger, readList, readText, report, within } from "./field-checks.ts";
import { isMoved, refuseMovedSecret } from "./moved-secret.ts";
import type { Reconciliation } from "./reconciliation.ts";

/** A reconciliation as a configuration declares it. */
export interface ReconciliationDefinition {
  /** The name of a source. */
  readonly source: string;
  readonly connector: ConnectorOptions;
  /** The secret of the provider's API, sealed like a source's. */
  readonly secret?: string | undefined;
  /** Patterns of the event types that the source is subscribed to. */
  readonly eventTypes?: readonly string[] | undefined;
  /** A cron pattern in UTC. */
  readonly schedule?: string | undefined;
  readonly lookbackSec?: number | undefined;
  readonly overlapSec?: number | undefined;
  readonly lagSec?: number | undefined;
  readonly redeliver?: boolean | undefined;
  readonly redeliveryWaitSec?: number | undefined;
}

/** Says what is wrong with a cron pattern, or null. */
export type ScheduleChecker = (pattern: string) => string | null;

export interface ReconciliationCheckers {
  readonly vetUrl: UrlChecker;
  readonly checkSchedule: ScheduleChecker;
}

export const RECONCILIATION_FIELD_NAMES: readonly string[] = [
  "source",
  "connector",
  "secret",
  "eventTypes",
  "schedule",
  "lookbackSec",
  "overlapSec",
  "lagSec",
  "redeliver",
  "redeliveryWaitSec",
];

const SECONDS: Readonly<Record<string, readonly [min: number, max: number, fallback: number]>> = {
  lookbackSec: [60, 7_776_000, 86_400],
  overlapSec: [0, 604_800, 3_600],
  lagSec: [0, 86_400, 300],
  redeliveryWaitSec: [1, 3_600, 60],
};
const EVENT_TYPES_MAX = 100;
const SECRET_MAX = 8_192;

/** What a run goes by, the defaults filled in. */
export type ReconciliationTerms = Pick<
  Reconciliation,
  "connector" | "eventTypes" | "schedule" | "lookbackSec" | "overlapSec" | "lagSec" | "redeliver" | "redeliveryWaitSec"
>;

/** A checked reconciliation: every default is filled in. */
export interface CheckedReconciliation extends ReconciliationTerms {
  readonly source: string;
  /** Undefined: the one that is stored stays. */
  readonly secret: string | undefined;
}

/**
 * Checks one declared reconciliation. Every fault goes to the place's list, the secret is never quoted; null when there was any.
 *
 * @param sources the names that `source` may have
 */
export function checkReconciliation(
  place: Place,
  input: unknown,
  sources: readonly string[],
  checkers: ReconciliationCheckers,
): CheckedReconciliation | null {
  const before = place.faults.length;
  const fields = readFields(place, input, RECONCILIATION_FIELD_NAMES);
  if (fields === null) return null;
  const source = readText(within(place, "source"), fields["source"] ?? null, 63);
  if (typeof source === "string" && !sources.includes(source))
    report(within(place, "source"), `no source is named ${JSON.stringify(source)}; declare it, or name one that is`);
  const connector = checkConnector(within(place, "connector"), fields["connector"], checkers.vetUrl);
  const secret = readText(within(place, "secret"), fields["secret"], SECRET_MAX);
  if (secret === MASKED) report(within(place, "secret"), `is ${MASKED}, which stands for a value that is not shown`);
  const eventTypes = checkEventTypes(within(place, "eventTypes"), fields["eventTypes"]);
  if (eventTypes === undefined && connector?.kind === "stripe")
    report(
      within(place, "eventTypes"),
      'is missing: the account\'s log holds every event, so list the types that the webhook is subscribed to, or ["*"] for all',
    );
  const schedule = readText(within(place, "schedule"), fields["schedule"], 100);
  const fault = typeof schedule === "string" ? checkers.checkSchedule(schedule) : null;
  if (fault !== null) report(within(place, "schedule"), fault);
  const seconds = (name: string): number => {
    const [min, max, fallback] = SECONDS[name]!;
    return readInteger(within(place, name), fields[name], min, max) ?? fallback;
  };
  const redeliver = fields["redeliver"];
  if (redeliver !== undefined && typeof redeliver !== "boolean")
    report(within(place, "redeliver"), `must be true or false, not ${nameType(redeliver)}`);
  const terms = {
    eventTypes: eventTypes ?? ["*"],
    schedule: schedule ?? null,
    lookbackSec: seconds("lookbackSec"),
    overlapSec: seconds("overlapSec"),
    lagSec: seconds("lagSec"),
    redeliveryWaitSec: seconds("redeliveryWaitSec"),
  };
  if (place.faults.length > before || connector === null || typeof source !== "string") return null;
  if (redeliver === true && !canRedeliver(connector))
    return report(within(place, "redeliver"), "this provider cannot be asked to deliver again; leave it out");
  return {
    source,
    connector,
    secret: secret ?? undefined,
    redeliver: redeliver !== false && canRedeliver(connector),
    ...terms,
  };
}

function checkEventTypes(place: Place, input: unknown): readonly string[] | undefined {
  const list = readList(place, input, EVENT_TYPES_MAX);
  if (list === undefined || list === null) return undefined;
  if (list.length === 0) report(place, 'is empty, so nothing would be compared; write ["*"] for every event');
  return list.map((item, i) => readText(within(place, i), item ?? null, 256) ?? "*");
}

/** A reconciliation as it shall be, and what that changes. */
export interface ReconciliationPlan extends ReconciliationTerms {
  readonly action: PlannedAction;
  readonly fields: readonly string[];
  readonly id: string;
  readonly tenant: string;
  readonly name: string;
  readonly sourceId: string;
  /** Undefined: as it is stored. */
  readonly secret: string | undefined;
  readonly state: Reconciliation["state"];
  readonly origin: Origin;
}

/** Plans one; a secret that is not given stays where it is. Null, with a fault, when it would be sent elsewhere. */
export function planReconciliation(
  place: Place,
  present: Reconciliation | null,
  checked: CheckedReconciliation,
  declared: {
    readonly tenant: string;
    readonly name: string;
    readonly origin: Origin;
    readonly newId: string;
    readonly sourceId: string;
    readonly state: Reconciliation["state"];
  },
): ReconciliationPlan | null {
  const { source: _source, secret: given, ...terms } = checked;
  const { newId, sourceId, state, origin, tenant, name } = declared;
  // Others may be able to read what this process cannot, and a file is applied by whoever starts.
  const recipients = {
    before: present === null ? null : connectorRecipient(present.connector),
    after: connectorRecipient(terms.connector),
  };
  const isOthers = present?.secretUnreadable === true && present.state === "active" && origin !== "api";
  const secret = isOthers && !isMoved(recipients) ? undefined : given;
  const hasSecret = present !== null && (present.secret !== null || present.secretUnreadable);
  if (hasSecret && secret === undefined && refuseMovedSecret(within(place, "secret"), recipients)) return null;
  const compared = compareFields(present, { ...terms, sourceId, state, origin });
  const isNewSecret = present !== null && secret !== undefined && secret !== present.secret;
  return {
    ...terms,
    id: present?.id ?? newId,
    tenant,
    name,
    sourceId,
    secret,
    state,
    origin,
    action: isNewSecret ? "updated" : compared.action,
    fields: isNewSecret ? [...compared.fields, "secret"] : compared.fields,
  };
}
