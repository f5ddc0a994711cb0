import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { Gate } from "./shell/gate.tsx";
import { NotFound } from "./screens/not-found.tsx";

const root = createRootRoute({ component: Gate, notFoundComponent: NotFound });

/** A search of plain texts: what stands in the address is the filter, and nothing else is. */
function readFilter(search: Record<string, unknown>): Record<string, string> {
  const pairs = Object.entries(search).map(([name, value]) => [
    name,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  return Object.fromEntries(pairs) as Record<string, string>;
}

function screen<const Path extends string>(path: Path, load: () => Promise<Record<string, unknown>>, name: string) {
  return createRoute({
    getParentRoute: () => root,
    path,
    validateSearch: readFilter,
    component: lazyRouteComponent(load, name),
  });
}

const screens = [
  screen("/", () => import("./screens/overview.tsx"), "Overview"),
  screen("/events", () => import("./screens/events.tsx"), "Events"),
  screen("/events/$id", () => import("./screens/event.tsx"), "EventScreen"),
  screen("/rejections", () => import("./screens/rejections.tsx"), "Rejections"),
  screen("/dead-letters", () => import("./screens/dead-letters.tsx"), "DeadLetters"),
  screen("/queue", () => import("./screens/queue.tsx"), "Queue"),
  screen("/rejections/$id", () => import("./screens/rejection.tsx"), "RejectionScreen"),
  screen("/sources", () => import("./screens/sources.tsx"), "Sources"),
  screen("/sources/new", () => import("./screens/source-create.tsx"), "SourceCreate"),
  screen("/sources/$id", () => import("./screens/source.tsx"), "SourceScreen"),
  screen("/destinations", () => import("./screens/destinations.tsx"), "Destinations"),
  screen("/destinations/new", () => import("./screens/destination-create.tsx"), "DestinationCreate"),
  screen("/destinations/$id", () => import("./screens/destination.tsx"), "DestinationScreen"),
  screen("/alerts", () => import("./screens/alerts.tsx"), "Alerts"),
  screen("/replays", () => import("./screens/replays.tsx"), "Replays"),
  screen("/replays/new", () => import("./screens/replay-create.tsx"), "ReplayCreate"),
  screen("/replays/$id", () => import("./screens/replay.tsx"), "ReplayScreen"),
  screen("/reconciliations", () => import("./screens/reconciliations.tsx"), "Reconciliations"),
  screen("/reconciliations/new", () => import("./screens/reconciliation-create.tsx"), "ReconciliationCreate"),
  screen("/reconciliations/runs/$id", () => import("./screens/reconciliation-run.tsx"), "ReconciliationRunScreen"),
  screen("/keys", () => import("./screens/keys.tsx"), "Keys"),
  screen("/audit", () => import("./screens/audit.tsx"), "Audit"),
  screen("/account", () => import("./screens/account.tsx"), "AccountScreen"),
  screen("/settings", () => import("./screens/settings.tsx"), "SettingsScreen"),
];

/** Every screen of the dashboard with its address. */
export function makeRouter() {
  return createRouter({ routeTree: root.addChildren(screens), defaultPreload: "intent", scrollRestoration: true });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
