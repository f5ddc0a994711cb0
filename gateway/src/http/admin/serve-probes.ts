import type { Context } from "hono";
import { Hono } from "hono";
import { messageOf } from "../../platform/log.ts";
import type { AdminDeps } from "./admin-deps.ts";
import type { AdminEnv } from "./admin-env.ts";
import { answerProblem } from "./answer-problem.ts";
import { authenticate, guardRequest, readBearer } from "./guard-request.ts";
import { createRecentKeys } from "./recent-keys.ts";

/** What /healthz, /readyz and /metrics are answered from. */
export type ProbeDeps = Pick<AdminDeps, "db" | "clock" | "random" | "log" | "metrics" | "readiness" | "version">;

/** What watches a process asks here: whether it lives, whether it can do its work, and its metrics. */
export function serveProbes(app: Hono<AdminEnv>, deps: ProbeDeps): void {
  app.get("/healthz", (c) => c.json({ ok: true, version: deps.version }));
  app.get("/readyz", async (c) => {
    const readiness = await deps.readiness();
    return c.json(readiness, readiness.ok ? 200 : 503);
  });
  serveMetrics(app, deps);
}

/** The same for a process that has no admin API: there is nothing else. */
export function createProbeApi(deps: ProbeDeps): Hono<AdminEnv> {
  const app = new Hono<AdminEnv>();
  app.use(guardRequest(deps));
  serveProbes(app, deps);
  app.notFound((c) =>
    answerProblem(c, "bad_path", {
      detail: "This process has no role admin: it serves /healthz, /readyz and /metrics here, and nothing else.",
    }),
  );
  app.onError((error, c) => {
    deps.log.error({ requestId: c.get("requestId"), error: messageOf(error) }, "a probe failed");
    return answerProblem(c, "internal");
  });
  return app;
}

/**
 * Metrics carry no tenant's data, and still tell how much goes on: open on loopback alone, else with a key. They are also what says
 * that the database is away, when no key can be looked up: then one that was good a moment ago will do.
 */
function serveMetrics(app: Hono<AdminEnv>, deps: ProbeDeps): void {
  const show = async (c: Context<AdminEnv>): Promise<Response> => {
    const { registry, exchange } = deps.metrics;
    return c.body(await exchange.show(), 200, { "content-type": registry.contentType });
  };
  const guard = authenticate(deps);
  const recent = createRecentKeys(deps);
  app.get("/metrics", async (c) => {
    if (c.env?.loopbackBind === true) return show(c);
    const key = readBearer(c);
    let shown: Response | null = null;
    const refused = await guard(c, async () => {
      if (key !== null) recent.note(key);
      shown = await show(c);
    });
    if (shown !== null) return shown;
    const refusal = refused ?? answerProblem(c, "unauthorized");
    if (key !== null && refusal.status === 503 && recent.has(key)) return show(c);
    if (key !== null && refusal.status === 401) recent.forget(key);
    return refusal;
  });
}
