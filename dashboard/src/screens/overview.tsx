import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { api } from "../api/api.ts";
import { Card } from "../parts/card.tsx";
import { writeCount } from "../parts/numbers.ts";
import { FaultPanel, Loading } from "../parts/outcome.tsx";
import { Page } from "../parts/page.tsx";

/** Whether all is well, and if not, where to look. */
export function Overview() {
  const status = useQuery({ queryKey: ["status"], queryFn: () => api.status(), refetchInterval: 5_000 });
  return (
    <Page title="Overview">
      {status.error === null ? null : <FaultPanel error={status.error} />}
      {status.data === undefined ? (
        <Loading />
      ) : (
        <Card title="Deliveries">
          <ul className="flex flex-wrap gap-6">
            {Object.entries(status.data.deliveries.depth).map(([state, count]) => (
              <li key={state}>
                <Link to="/events" className="block">
                  <span className="block text-2xl font-semibold tabular-nums">{writeCount(count)}</span>
                  <span className="text-xs text-faint">{state}</span>
                </Link>
              </li>
            ))}
          </ul>
        </Card>
      )}
    </Page>
  );
}
