import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { GatewayConfig } from "../config.ts";
import { redactConfig } from "../config/redact-config.ts";
import { findSample, openFresh } from "../cli/samples/all-samples.ts";
import { readSnapshots } from "../engine/caretakers/watch-snapshots.ts";
import { readProcesses } from "../engine/process-watch.ts";
import type { EventSamples } from "../http/admin/admin-deps.ts";
import { createApiKey, findPrincipal } from "../http/admin/api-keys.ts";
import { createSignInLink, toDashboardLink } from "../http/admin/sessions.ts";
import { createAdminApi } from "../http/admin/create-admin-api.ts";
import { startAdminServer } from "../http/admin/start-admin-server.ts";
import type { Log } from "../platform/log.ts";
import { createEgress } from "../platform/egress/create-egress.ts";
import { createOpenIdProvider } from "../platform/open-id-provider.ts";
import { VERSION } from "../version.ts";
import type { Foundation } from "./foundation.ts";
import type { Ingest } from "./ingest.ts";
import { readiness } from "./probes.ts";
import type { StartFault } from "./start-fault.ts";

export interface Admin {
  readonly ok: true;
  readonly url: string;
  readonly token: string;
  readonly isNewToken: boolean;
  /** A link that signs in a browser, once, within ten minutes. */
  signInLink(): Promise<string>;
  close(): Promise<void>;
}

const SAMPLES: EventSamples = {
  eventTypes: (provider) => findSample(provider).eventTypes,
  build: (provider, eventType, now) => findSample(provider).build(eventType, openFresh(now)),
};

/** Starts the admin API, with a key for the commands on this machine. */
export async function startAdmin(
  config: GatewayConfig,
  log: Log,
  foundation: Foundation,
  links: {
    readonly ingest: Pick<Ingest, "url" | "takeIn"> | null;
    readonly wake: () => void;
    readonly isDraining: () => boolean;
  },
): Promise<Admin | StartFault> {
  const key = await localKey(config, foundation);
  let ownUrl = "";
  const dashboardUrl = (): string => config.adminPublicUrl ?? ownUrl;
  const signIn = openSignIn(config, log, foundation, dashboardUrl);
  const app = createAdminApi({
    ...foundation,
    db: foundation.base,
    databaseNow: () => foundation.databaseClock.now(),
    catalog: {
      current: () => foundation.catalog.current(),
      refresh: async () => void (await foundation.catalog.refresh()),
    },
    egressPolicy: config.egress,
    dashboardUrl,
    ...(signIn === null ? {} : { openId: signIn.openId }),
    publicUrl: config.publicUrl,
    ingestUrl: config.publicUrl ?? links.ingest?.url ?? `http://${config.host}:${config.port}`,
    readiness: () => readiness(foundation, links.isDraining),
    status: () => status(config, foundation),
    settings: showSettings(config),
    wake: links.wake,
    ...(links.ingest === null ? {} : { takeIn: links.ingest.takeIn }),
    samples: SAMPLES,
    log,
    version: VERSION,
  });
  const hostsAllowed = config.adminPublicUrl === null ? [] : [new URL(config.adminPublicUrl).hostname];
  const server = await startAdminServer({ host: config.adminHost, port: config.adminPort, app, log, hostsAllowed });
  if (!server.ok) {
    await signIn?.close();
    return server;
  }
  const { url } = server;
  ownUrl = url;
  return {
    ok: true,
    url,
    token: key.token,
    isNewToken: key.isNew,
    signInLink: async () => {
      const owner = { tenant: config.tenant, role: "admin", keyId: key.id, personId: null, expiresAt: null } as const;
      return toDashboardLink(url, await createSignInLink(keyDeps(foundation), owner));
    },
    close: async () => {
      await server.close();
      await signIn?.close();
    },
  };
}

/** The client of the OpenID provider, where one is set up. */
function openSignIn(config: GatewayConfig, log: Log, { clock }: Foundation, dashboardUrl: () => string) {
  if (config.oidc === null) return null;
  const egress = createEgress({ policy: config.egress, log, clock });
  const openId = createOpenIdProvider({ egress, clock, settings: config.oidc, dashboardUrl });
  return { openId, close: () => egress.close() };
}

async function status(config: GatewayConfig, foundation: Foundation): Promise<object> {
  const safe = foundation.safety.current();
  return {
    version: VERSION,
    roles: config.roles,
    database: { kind: foundation.store.kind, description: foundation.store.description, safety: safe },
    processes: await readProcesses(foundation.base),
    snapshots: await readSnapshots(foundation.base),
    retention: config.retention,
  };
}

/** What is declared is shown by the configuration itself. */
function showSettings(config: GatewayConfig): Record<string, unknown> {
  const { definition: _definition, handlers: _handlers, ...settings } = redactConfig(config);
  return settings;
}

function keyDeps({ base, clock, random }: Foundation) {
  return { db: base, clock, random };
}

const KEY_FILE = "admin.key";

/** The key that commands on this machine use: kept in the data folder for its owner alone, made anew when it is gone. */
async function localKey(
  config: GatewayConfig,
  foundation: Foundation,
): Promise<{ readonly id: string | null; readonly token: string; readonly isNew: boolean }> {
  const path = join(config.dataDir, KEY_FILE);
  const known = await readFile(path, "utf8").then(
    (text) => text.trim(),
    () => null,
  );
  const deps = keyDeps(foundation);
  const owner = known === null ? null : await findPrincipal(deps, known);
  if (known !== null && owner !== null) return { id: owner.keyId, token: known, isNew: false };
  const { id, key } = await createApiKey(deps, { tenant: config.tenant, name: "local" });
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 });
  await writeFile(path, `${key}\n`, { mode: 0o600 });
  return { id, token: key, isNew: true };
}
