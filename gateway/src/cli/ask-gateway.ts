import { type Api, ApiFault, createApi, UNREACHABLE } from "@holdfast/client";
import { DATABASE_REMEDY } from "./describe-status.ts";
import { findGateway, type GatewayFlags } from "./find-gateway.ts";
import { complain, type Complaint, type ExitCode, type Shell } from "./shell.ts";
import { printable } from "./table.ts";

/** What every command that asks a gateway gets from the command line. */
export interface AskFlags extends GatewayFlags {
  readonly json?: boolean;
}

/** A gateway to ask, and where it takes webhooks in when it runs on this machine. */
export interface Asked {
  readonly api: Api;
  readonly localIngestUrl: string | null;
}

/**
 * Finds the gateway and lets `ask` ask it. What the API refuses becomes two lines on standard error and an exit code: 2 when
 * the input was wrong, 1 for all else.
 */
export async function askGateway(
  shell: Shell,
  flags: AskFlags,
  ask: (asked: Asked) => Promise<ExitCode>,
): Promise<ExitCode> {
  const json = flags.json === true;
  const found = await findGateway(shell, flags);
  if (!found.ok) return complain(shell, found.complaint, json);
  const { adminUrl, adminToken, localIngestUrl } = found.address;
  const api = createApi({ url: adminUrl, token: adminToken });
  try {
    return await ask({ api, localIngestUrl });
  } catch (error) {
    if (!(error instanceof ApiFault)) throw error;
    const why = error.status === 503 ? await findUnreadiness(api) : null;
    const complaint = toComplaint(error, adminUrl);
    const remedy = why === null ? complaint.remedy : `${why.found}\n  ${why.remedy}`;
    return complain(shell, { ...complaint, remedy }, json);
  }
}

/** Why the gateway cannot do its work, in its own words, and what to do; null when it can, or cannot be asked. */
export async function findUnreadiness(api: Api): Promise<{ readonly found: string; readonly remedy: string } | null> {
  try {
    const { ok, reasons } = await api.readiness();
    if (ok) return null;
    const isStopping = reasons.every((reason) => reason.startsWith("draining"));
    const remedy = isStopping ? "Ask again when it has been started again." : DATABASE_REMEDY;
    return { found: printable(reasons.join("; ")), remedy };
  } catch (error) {
    if (error instanceof ApiFault) return null;
    throw error;
  }
}

/** What to say of what the API refused, or of none that answers: the input was wrong, or it failed. */
export function toComplaint(fault: ApiFault, adminUrl: string): Complaint {
  if (fault.type === UNREACHABLE) {
    const problem = `no gateway answers at ${adminUrl}${fault.detail === null ? "" : ` (${fault.detail})`}`;
    return {
      problem,
      remedy: "Start one with: npx holdfast dev (or name another with --url and --token).",
      badInput: false,
    };
  }
  if (fault.status === 401) {
    const remedy = "Give a key of this gateway with --token, HOLDFAST_ADMIN_TOKEN or HOLDFAST_ADMIN_TOKEN_FILE.";
    return { problem: "the gateway does not accept this API key", remedy, badInput: true };
  }
  const lines = fault.faults.map(({ path, problem }) => `${path} ${problem}`);
  const id = fault.id === null ? "" : ` (${fault.id})`;
  const badInput = fault.status >= 400 && fault.status < 500 && fault.status !== 409 && fault.status !== 429;
  const remedy = lines.length > 0 ? lines.join("\n  ") : undefined;
  return { problem: `${fault.message}${badInput || fault.status === 409 ? "" : id}`, remedy, badInput };
}
