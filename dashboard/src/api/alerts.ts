import type { Page } from "@holdfast/client";
import { api } from "./api.ts";
import { collectAll } from "./collect-all.ts";

export type Severity = "page" | "ticket";

export interface Alert {
  readonly id: string;
  readonly rule: string;
  readonly subject: string;
  readonly sources: readonly string[];
  readonly severity: Severity;
  readonly state: "pending" | "firing" | "resolved";
  readonly summary: string;
  readonly detail: string;
  readonly runbook: string;
  readonly since: string;
  readonly toldAt: string | null;
  readonly resolvedAt: string | null;
}

export interface AlertRule {
  readonly name: string;
  readonly summary: string;
  readonly runbook: string;
  readonly unit: "sec" | "count" | "level" | "mib";
  readonly fires: "above" | "from" | "below";
  readonly state: "active" | "disabled";
  readonly severity: Severity;
  readonly threshold: number;
  readonly forSec: number;
  readonly changed: boolean;
  readonly pending: number;
  readonly firing: number;
}

export interface AlertChannel {
  readonly id: string;
  readonly name: string;
  readonly kind: "slack" | "pagerduty" | "webhook" | "email";
  readonly url: string | null;
  readonly host: string | null;
  readonly to: readonly string[];
  readonly readable: boolean;
  readonly severities: readonly Severity[];
  readonly state: "active" | "disabled";
  readonly origin: "file" | "api" | "sample";
}

export interface AlertNotice {
  readonly id: string;
  readonly channel: string;
  readonly kind: "fired" | "repeated" | "resolved" | "test";
  readonly alerts: readonly { readonly rule: string; readonly subject: string }[];
  readonly state: "queued" | "sent" | "failed";
  readonly attempts: number;
  readonly detail: string | null;
  readonly createdAt: string;
}

interface List<T> {
  readonly items: readonly T[];
}

const EVERY_MS = 5_000;

/** Everything of the screen of alerts stands under one key, so that one change reads all of it again. */
export const ALERTS_KEY = "alerts";

const listed = <T>(path: string) => ({
  queryKey: [ALERTS_KEY, path],
  queryFn: () => api.get<List<T>>(path),
  refetchInterval: EVERY_MS,
});

async function* walkAlerts(state: Alert["state"]): AsyncGenerator<Alert, void, undefined> {
  let cursor: string | undefined;
  do {
    const page: Page<Alert> = await api.get("/alerts", { state, limit: 200, cursor });
    yield* page.items;
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
}

// Asked for by their state: among the newest of all, those that are over would leave no room for one that stands for long.
const standing = (state: "firing" | "pending") => ({
  queryKey: [ALERTS_KEY, state],
  queryFn: () => collectAll(walkAlerts(state)),
  refetchInterval: EVERY_MS,
});

export const firingQuery = standing("firing");
export const pendingQuery = standing("pending");
/** The newest of those that are over. */
export const resolvedQuery = listed<Alert>("/alerts?state=resolved&limit=100");
export const rulesQuery = listed<AlertRule>("/alerts/rules");
export const channelsQuery = listed<AlertChannel>("/alerts/channels");
/** Who is told, by source; `*` for all that have no owner. */
export type Owners = Readonly<Record<string, readonly string[]>>;

export const ownersQuery = {
  queryKey: [ALERTS_KEY, "/alerts/owners"],
  queryFn: () => api.get<{ owners: Owners }>("/alerts/owners"),
  refetchInterval: EVERY_MS,
};

export const noticesQuery = listed<AlertNotice>("/alerts/notices?limit=20");
