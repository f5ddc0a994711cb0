import { fileURLToPath } from "node:url";
import { OpenAPIHono } from "@hono/zod-openapi";
import { messageOf } from "../../platform/log.ts";
import { createPasswordHasher } from "../../platform/password-hash.ts";
import type { AdminParts } from "./admin-deps.ts";
import type { AdminEnv } from "./admin-env.ts";
import { alertOperations } from "./alerts.ts";
import { answerProblem } from "./answer-problem.ts";
import { auditOperations } from "./audit.ts";
import { configurationOperations } from "./configuration.ts";
import { deadGroupOperations } from "./dead-groups.ts";
import { deadHandlingOperations } from "./dead-handling.ts";
import { deadLetterOperations } from "./dead-letters.ts";
import { deliveryOperations } from "./deliveries.ts";
import { destinationOperations } from "./destinations.ts";
import { documentOperations, makeDocument } from "./document-api.ts";
import { eventOperations } from "./events.ts";
import { authenticate, guardRequest } from "./guard-request.ts";
import { keyOperations } from "./keys.ts";
import { peopleOperations } from "./people.ts";
import { loopOperations } from "./loops.ts";
import { reconciliationRunOperations } from "./reconciliation-runs.ts";
import { reconciliationOperations } from "./reconciliations.ts";
import { API_PATH, mountOperations } from "./mount-operations.ts";
import type { Operation } from "./operation.ts";
import { queueOperations } from "./queue.ts";
import { providerOperations } from "./providers.ts";
import { rateOperations } from "./rates.ts";
import { rejectionGroupOperations } from "./rejection-groups.ts";
import { rejectionOperations } from "./rejections.ts";
import { replayOperations } from "./replays.ts";
import { resealOperations } from "./reseal.ts";
import { routeOperations } from "./routes.ts";
import { secretOperations } from "./secrets.ts";
import { serveDashboard } from "./serve-dashboard.ts";
import { serveProbes } from "./serve-probes.ts";
import { sessionOperations } from "./sign-in.ts";
import { providerSignInOperations } from "./sign-in-by-provider.ts";
import { settingsOperations } from "./settings.ts";
import { createSignInLimits, FLOWS_MAX } from "./sign-in-limits.ts";
import { sourceOperations } from "./sources.ts";
import { createLiveFeed } from "./live-feed.ts";
import { standingOperations } from "./standing.ts";
import { streamOperations } from "./stream.ts";
import { testEventOperations } from "./test-events.ts";
import { throttleOperations } from "./throttles.ts";
import { trafficOperations } from "./traffic.ts";

/** The admin API: a value with `fetch`, to be served by `startAdminServer` or called in a test. */
export type AdminApi = OpenAPIHono<AdminEnv>;

/** Every operation under /api/v1, in the order of the documentation. */
export const adminOperations: readonly Operation[] = [
  ...standingOperations,
  ...rateOperations,
  ...queueOperations,
  ...trafficOperations,
  ...providerOperations,
  ...sourceOperations,
  ...testEventOperations,
  ...secretOperations,
  ...resealOperations,
  ...destinationOperations,
  ...routeOperations,
  ...configurationOperations,
  ...eventOperations,
  ...streamOperations,
  ...deliveryOperations,
  ...deadLetterOperations,
  ...deadGroupOperations,
  ...deadHandlingOperations,
  ...replayOperations,
  ...rejectionGroupOperations,
  ...rejectionOperations,
  ...loopOperations,
  ...throttleOperations,
  ...reconciliationOperations,
  ...reconciliationRunOperations,
  ...alertOperations,
  ...keyOperations,
  ...peopleOperations,
  ...auditOperations,
  ...settingsOperations,
  ...sessionOperations,
  ...providerSignInOperations,
];

// From src and from dist alike it is the built one.
const DASHBOARD = fileURLToPath(new URL("../../../dist/dashboard", import.meta.url));

/** Builds the admin API over what the process has: everything under /api/v1, and /healthz, /readyz, /metrics. */
export function createAdminApi(parts: AdminParts): AdminApi {
  const deps = {
    ...parts,
    passwords: createPasswordHasher(parts),
    attempts: createSignInLimits(parts),
    flowAttempts: createSignInLimits(parts, FLOWS_MAX),
    feed: createLiveFeed(parts),
  };
  const app: AdminApi = new OpenAPIHono<AdminEnv>();
  app.use(guardRequest(deps));
  serveProbes(app, deps);
  documentOperations(app, adminOperations);
  let document: object | null = null;
  app.get(`${API_PATH}/openapi.json`, (c) => {
    // Made at the first wish and kept: it costs some milliseconds and never changes.
    document ??= makeDocument(app, deps.version);
    return c.json(document);
  });
  mountOperations(app, deps, adminOperations);
  // What is no operation is told apart only to those who may ask.
  app.use(`${API_PATH}/*`, authenticate(deps));
  serveDashboard(app, DASHBOARD);
  app.notFound((c) => answerProblem(c, "bad_path"));
  app.onError((error, c) => {
    const requestId = c.get("requestId");
    deps.log.error({ requestId, error: messageOf(error), stack: stackOf(error) }, "an admin request failed");
    return answerProblem(c, "internal");
  });
  return app;
}

function stackOf(error: Error): string {
  return (error.stack ?? "").split("\n").slice(1, 8).join(" ").replaceAll(/\s+/g, " ").slice(0, 1_000);
}
