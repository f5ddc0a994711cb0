import { join } from "node:path";
import type { Reconciliation } from "../../domain/reconciliation.ts";
import type { Connector, ConnectorFault } from "./connector.ts";
import { connectFile } from "./file.ts";
import { connectGithub } from "./github.ts";
import { connectHttp } from "./http.ts";
import type { LineDeps } from "./provider-line.ts";
import { faultOf } from "./provider-line.ts";
import { connectStripe } from "./stripe.ts";
import { connectSvix } from "./svix.ts";

export interface ConnectorDeps extends LineDeps {
  readonly dataDir: string;
}

/** Opens the way to a reconciliation's log, or says what it lacks. Nothing is sent yet. */
export async function openConnector(
  deps: ConnectorDeps,
  { connector: options, secret, secretUnreadable, tenant }: Reconciliation,
): Promise<{ readonly ok: true; readonly connector: Connector } | ConnectorFault> {
  if (secretUnreadable) return faultOf("refused", "the API's secret is sealed with a key that is not loaded");
  if (options.kind === "file")
    return { ok: true, connector: connectFile(join(deps.dataDir, "imports", tenant), options) };
  if (options.kind === "http") return { ok: true, connector: connectHttp(deps, options, secret) };
  if (secret === null) return faultOf("refused", "the API's secret is missing; give one");
  switch (options.kind) {
    case "stripe":
      return { ok: true, connector: await connectStripe(deps, options, secret) };
    case "github":
      return { ok: true, connector: await connectGithub(deps, options, secret) };
    case "svix":
      return { ok: true, connector: connectSvix(deps, options, secret) };
  }
}
