import { resolve } from "node:path";
import { loadConfig } from "../config.ts";
import { readSecretFile } from "../config/read-settings.ts";
import { readRunFile, type RunFile } from "../platform/run-file.ts";
import type { Complaint, Shell } from "./shell.ts";

/** Where the admin API is and the key that opens it. */
export interface GatewayAddress {
  readonly adminUrl: string;
  readonly adminToken: string;
  /** Its ingest door as this machine reaches it; null for a gateway elsewhere, or one without that role. */
  readonly localIngestUrl: string | null;
}

/** The flags of every command that speaks to a running gateway. */
export interface GatewayFlags {
  readonly url?: string;
  readonly token?: string;
  readonly dataDir?: string;
  readonly config?: string;
}

export type FoundGateway =
  | { readonly ok: true; readonly address: GatewayAddress }
  | { readonly ok: false; readonly complaint: Complaint };

/**
 * Finds the gateway that a command means: by --url, else by the run file in the data folder that --data-dir or --config
 * names, else by HOLDFAST_ADMIN_URL and HOLDFAST_ADMIN_TOKEN(_FILE), else by the run file that a gateway on this machine
 * keeps in its data folder.
 */
export async function findGateway(shell: Shell, flags: GatewayFlags): Promise<FoundGateway> {
  if (flags.url !== undefined && flags.dataDir !== undefined) return twoGateways();
  const variable = shell.env["HOLDFAST_ADMIN_URL"] || undefined;
  const isNamed = flags.dataDir !== undefined || flags.config !== undefined;
  const url = flags.url ?? (isNamed ? undefined : variable);
  // The key beside HOLDFAST_ADMIN_URL is that gateway's, and is not shown to another.
  const isForeign = url === undefined && variable !== undefined;
  const token = await findToken(isForeign ? {} : shell.env, flags);
  if (!token.ok) return token;
  if (url !== undefined) return checkAddress(url, token.value);
  const dataDir = await findDataDir(shell, flags);
  const run = await readRunFile(dataDir);
  if (run === null) return notRunning(dataDir);
  if (run.adminUrl === null) return withoutAdmin(run);
  const adminToken = token.value ?? run.adminToken;
  return adminToken === null
    ? withoutToken(run.adminUrl)
    : { ok: true, address: { adminUrl: run.adminUrl, adminToken, localIngestUrl: run.ingestUrl } };
}

/** The folder that holds the run file: as `start` would choose it, but a configuration file is only run when it must be. */
export async function findDataDir(shell: Shell, flags: GatewayFlags): Promise<string> {
  const named = flags.dataDir ?? (shell.env["HOLDFAST_DATA_DIR"] || undefined);
  if (named !== undefined) return resolve(shell.cwd, named);
  const usual = resolve(shell.cwd, ".holdfast");
  if (flags.config === undefined && (await readRunFile(usual)) !== null) return usual;
  const loaded = await loadConfig({ flags: {}, env: shell.env, cwd: shell.cwd, file: flags.config });
  return loaded.ok ? loaded.config.dataDir : usual;
}

type Token =
  | { readonly ok: true; readonly value: string | null }
  | { readonly ok: false; readonly complaint: Complaint };

async function findToken(env: Shell["env"], flags: GatewayFlags): Promise<Token> {
  const given = flags.token ?? (env["HOLDFAST_ADMIN_TOKEN"] || undefined);
  if (given !== undefined) return { ok: true, value: given };
  const file = env["HOLDFAST_ADMIN_TOKEN_FILE"];
  if (!file) return { ok: true, value: null };
  const reading = await readSecretFile(file);
  if (reading.ok) return { ok: true, value: reading.text };
  return { ok: false, complaint: { problem: `HOLDFAST_ADMIN_TOKEN_FILE ${reading.problem}`, badInput: true } };
}

function checkAddress(url: string, adminToken: string | null): FoundGateway {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    return bad(
      `the admin URL ${JSON.stringify(url.slice(0, 100))} is no http URL`,
      "Give it as http://127.0.0.1:4401.",
    );
  }
  return adminToken === null
    ? withoutToken(url)
    : { ok: true, address: { adminUrl: url, adminToken, localIngestUrl: null } };
}

function withoutToken(url: string): FoundGateway {
  return bad(
    `there is no API key for ${url}`,
    "Give it with --token, HOLDFAST_ADMIN_TOKEN or HOLDFAST_ADMIN_TOKEN_FILE.",
  );
}

function withoutAdmin(run: RunFile): FoundGateway {
  return bad(
    `the gateway of this folder (process ${run.pid}) does not serve the admin API`,
    "Name one that does with --url and --token, or start it with --role admin.",
  );
}

function twoGateways(): FoundGateway {
  return bad(
    "--url and --data-dir name two gateways",
    "Leave out --data-dir for the one at the URL, or --url for the one that runs with this folder.",
  );
}

function notRunning(dataDir: string): FoundGateway {
  const problem = `no gateway is running with the data folder ${dataDir}`;
  const remedy = "Start one with: npx holdfast dev (or name another with --data-dir, or --url and --token).";
  return { ok: false, complaint: { problem, remedy, badInput: false } };
}

function bad(problem: string, remedy: string): FoundGateway {
  return { ok: false, complaint: { problem, remedy, badInput: true } };
}
