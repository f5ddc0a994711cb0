import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { CONFIGURED_MAX } from "../api/collect-all.ts";
import { routesQuery } from "../api/setup.ts";
import { Card } from "../parts/card.tsx";
import { writeCount } from "../parts/numbers.ts";
import { FaultPanel, Loading } from "../parts/outcome.tsx";
import { StateBadge } from "../parts/state-badge.tsx";
import { describeTypes } from "./route-words.ts";

/**
 * The routes of a source, each leading to its destination, or those of a destination, each leading to its source.
 *
 * @param of which of the two the screen is about, and its id
 */
export function RoutesCard({
  title,
  of,
  empty,
}: {
  title: string;
  of: { readonly source: string } | { readonly destination: string };
  empty: ReactNode;
}) {
  const routes = useQuery(routesQuery);
  const own = (routes.data?.items ?? []).filter(({ sourceId, destinationId }) =>
    "source" in of ? sourceId === of.source : destinationId === of.destination,
  );
  return (
    <Card title={title} flush>
      {routes.isPending ? <Loading rows={2} /> : null}
      {routes.error === null ? null : <FaultPanel error={routes.error} onRetry={() => void routes.refetch()} />}
      {routes.data?.isCut === false && own.length === 0 ? empty : null}
      <ul>
        {own.map((route) => (
          <li
            key={route.id}
            className="flex flex-wrap items-center gap-x-3 gap-y-1 border-b border-line px-4 py-2.5 text-[13px] last:border-b-0"
          >
            <Link
              to={"source" in of ? "/destinations/$id" : "/sources/$id"}
              params={{ id: "source" in of ? route.destinationId : route.sourceId }}
              className="font-medium text-accent hover:underline"
            >
              {"source" in of ? route.destination : route.source}
            </Link>
            <StateBadge state={route.state} />
            <span className="text-soft">{describeTypes(route.eventTypes)}</span>
            <span className="ml-auto text-xs text-faint">{route.priority} priority</span>
            {route.when === null ? null : <code className="w-full font-mono text-xs text-soft">when {route.when}</code>}
          </li>
        ))}
      </ul>
      {routes.data?.isCut === true ? (
        <p role="status" className="px-4 py-2.5 text-xs text-faint">
          Only the first {writeCount(CONFIGURED_MAX)} routes are looked at here; the API lists all of them.
        </p>
      ) : null}
    </Card>
  );
}
