import type { AlertChannel } from "../domain/alert-channel.ts";
import { channelRecipient } from "../domain/alert-channel.ts";
import type { CheckedAlerts, CheckedChannel } from "../domain/alert-definition.ts";
import { SECRET_FIELDS } from "../domain/alert-definition.ts";
import { compareFields } from "../domain/catalog-plan.ts";
import type { Origin } from "../domain/catalog.ts";
import type { Place } from "../domain/field-checks.ts";
import { within } from "../domain/field-checks.ts";
import { newUuid } from "../domain/id.ts";
import { isMoved, refuseMovedSecret } from "../domain/moved-secret.ts";
import { bindAlertChannel } from "../domain/secret-binding.ts";
import { loadChannels, saveChannel } from "../store/alerts/channels.ts";
import type { AlertSettings } from "../store/alerts/settings.ts";
import { NO_ALERT_SETTINGS, loadAlertSettings, saveAlertSettings } from "../store/alerts/settings.ts";
import { lockCatalog } from "../store/catalog/catalog-version.ts";
import type { Committed } from "../store/database.ts";
import type { Queryable } from "../store/statement.ts";
import type { AppliedPart } from "./apply-reconciliations.ts";
import type { CatalogDeps, PlannedThing } from "./change-catalog.ts";

const DEADLINE_MS = 10_000;

/** A channel as it shall be. */
export interface ChannelPlan extends Pick<AlertChannel, "id" | "name" | "address" | "severities" | "state" | "origin"> {
  readonly action: "created" | "updated" | "unchanged";
  readonly fields: readonly string[];
  /** Undefined: the one that is stored stays. */
  readonly secret: string | undefined;
}

/** Plans one channel; a secret that is not given stays where it is. Null, with a fault, when it would be sent elsewhere. */
export function planChannel(
  deps: Pick<CatalogDeps, "clock" | "random">,
  place: Place,
  present: AlertChannel | null,
  checked: CheckedChannel,
  declared: { readonly name: string; readonly origin: Origin; readonly state: AlertChannel["state"] },
): ChannelPlan | null {
  const { address, severities } = checked;
  const { origin, state } = declared;
  // Others may be able to read what this process cannot, and a file is applied by whoever starts.
  const recipients = {
    before: present === null ? null : channelRecipient(present.address),
    after: channelRecipient(address),
  };
  const isInUse = present?.state === "active" && present.address.kind === address.kind;
  const isOthers = isInUse && present.secretUnreadable && origin !== "api";
  const secret = isOthers && !isMoved(recipients) ? undefined : checked.secret;
  if (present !== null && secret === undefined && keepsSecret(present, address.kind)) {
    if (refuseMovedSecret(within(place, SECRET_FIELDS[address.kind]), recipients)) return null;
  }
  const compared = compareFields(present, { address, severities, origin, state });
  const isNewSecret = present !== null && secret !== undefined && secret !== present.secret;
  return {
    id: present?.id ?? newUuid(deps.clock.now().getTime(), 0, deps.random(8)),
    address,
    severities,
    secret,
    ...declared,
    action: isNewSecret ? "updated" : compared.action,
    fields: isNewSecret ? [...compared.fields, "secret"] : compared.fields,
  };
}

/** Another kind of channel has a secret of another kind, so none is kept then. */
function keepsSecret(
  { address, secret, secretUnreadable }: AlertChannel,
  kind: AlertChannel["address"]["kind"],
): boolean {
  return address.kind === kind && (secret !== null || secretUnreadable);
}

/**
 * Brings the channels, rules and owners to what a checked definition declares. A channel that the same origin declared before
 * and declares no longer is disabled: its notices stay to be seen. With `write: false` it only plans, and with a fault nothing is written.
 *
 * @param tx holds the catalog's lock
 */
export async function applyAlerts(
  deps: CatalogDeps,
  tx: Queryable,
  declared: { readonly tenant: string; readonly origin: Origin; readonly alerts: CheckedAlerts | null },
  options: { readonly write: boolean },
): Promise<AppliedPart<ChannelPlan> & { readonly settings: readonly PlannedThing[] }> {
  const { tenant, origin, alerts } = declared;
  const present = await loadChannels(tx, deps.box, tenant);
  const find = (name: string): AlertChannel | null => present.find((channel) => channel.name === name) ?? null;
  const channels = alerts?.channels ?? {};
  const place: Place = { path: "alerts.channels", faults: [] };
  const plans = Object.entries(channels).flatMap(
    ([name, checked]) =>
      planChannel(deps, within(place, name), find(name), checked, { name, origin, state: "active" }) ?? [],
  );
  const gone = present
    .filter((one) => one.origin === origin && one.state === "active" && !Object.hasOwn(channels, one.name))
    .map((one): ChannelPlan => ({
      ...one,
      secret: undefined,
      state: "disabled",
      action: "updated",
      fields: ["state"],
    }));
  const settings = planSettings((await loadAlertSettings(tx)).get(tenant) ?? NO_ALERT_SETTINGS, alerts);
  const { faults } = place;
  if (!options.write || faults.length > 0) return { plans, gone, settings, faults };
  for (const plan of [...plans, ...gone]) if (plan.action !== "unchanged") await save(deps, tx, tenant, plan);
  if (alerts !== null && settings.some(({ action }) => action !== "unchanged"))
    await tx.run(saveAlertSettings, [tenant, toJson(alerts.rules), toJson(alerts.owners), deps.clock.now()]);
  return { plans, gone, settings, faults };
}

/** What becomes of the rules and of the owners, each as one thing whose fields are the rules, or the sources, that differ. */
function planSettings(present: AlertSettings, alerts: CheckedAlerts | null): PlannedThing[] {
  return (["rules", "owners"] as const).flatMap((name): PlannedThing[] => {
    const known: Readonly<Record<string, unknown>> = present[name];
    const declared: Readonly<Record<string, unknown>> | null = alerts?.[name] ?? null;
    if (declared === null) return [];
    // Those that are declared no longer differ as well.
    const missing = Object.fromEntries(Object.keys(known).map((key) => [key, undefined]));
    return [{ kind: "alerts", name, ...compareFields(known, { ...missing, ...declared }) }];
  });
}

/** Changes one channel by what is there then; null from `plan` writes nothing. */
export async function changeChannel(
  deps: CatalogDeps,
  tenant: string,
  plan: (present: readonly AlertChannel[]) => ChannelPlan | null,
): Promise<Committed<ChannelPlan | null>> {
  return await deps.db.transaction(async (tx) => {
    await tx.run(lockCatalog, []);
    const planned = plan(await loadChannels(tx, deps.box, tenant));
    if (planned !== null && planned.action !== "unchanged") await save(deps, tx, tenant, planned);
    return planned;
  }, DEADLINE_MS);
}

async function save(deps: CatalogDeps, tx: Queryable, tenant: string, plan: ChannelPlan): Promise<void> {
  const { id, name, address, secret, severities, state, origin } = plan;
  const sealed = secret === undefined ? null : deps.box.seal(Buffer.from(secret, "utf8"), bindAlertChannel(tenant, id));
  const values = [id, tenant, name, address.kind, JSON.stringify(address), sealed, severities, state, origin];
  const saved = await tx.run(saveChannel, [...values, deps.clock.now()]);
  // Planned under the lock, so a row that is not there any more is a bug and must not commit.
  if (saved.rowCount !== 1) throw new Error("the channel that was planned was not written");
}

function toJson(value: unknown): string | null {
  return value === null ? null : JSON.stringify(value);
}
