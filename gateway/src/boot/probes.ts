import type { GatewayConfig } from "../config.ts";
import { createProbeApi } from "../http/admin/serve-probes.ts";
import type { AdminStart } from "../http/admin/start-admin-server.ts";
import { startAdminServer } from "../http/admin/start-admin-server.ts";
import type { Log } from "../platform/log.ts";
import { VERSION } from "../version.ts";
import type { Foundation } from "./foundation.ts";

/** Serves what watches a process asks for, on the admin port, where the process has no admin API. */
export function startProbes(
  config: GatewayConfig,
  log: Log,
  foundation: Foundation,
  isDraining: () => boolean,
): Promise<AdminStart> {
  const app = createProbeApi({
    ...foundation,
    db: foundation.base,
    readiness: () => readiness(foundation, isDraining),
    log,
    version: VERSION,
  });
  return startAdminServer({ host: config.adminHost, port: config.adminPort, app, log });
}

/** Whether the process can do its work and goes on doing it, and every reason why not. */
export async function readiness(
  foundation: Pick<Foundation, "safety">,
  isDraining: () => boolean,
): Promise<{ ok: boolean; reasons: string[] }> {
  const safe = foundation.safety.current();
  const reasons = [
    ...(isDraining() ? ["draining: the process is stopping"] : []),
    ...(safe.ok ? [] : [`database ${safe.cause}: ${safe.detail}`]),
  ];
  return { ok: reasons.length === 0, reasons };
}
