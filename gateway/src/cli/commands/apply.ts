import type { Applied } from "@holdfast/client";
import { declareAlerts } from "../../domain/declared-alerts.ts";
import { askGateway, type AskFlags } from "../ask-gateway.ts";
import { readConfig } from "../serve-flags.ts";
import { complain, type ExitCode, printJson, type Shell } from "../shell.ts";

/** Which networks deliveries may reach is for the gateway to judge, by its own configuration. */
const ANY_NETWORK = { "egress.allowCidrs": ["0.0.0.0/0", "::/0"] };

/** `holdfast apply`: brings a running gateway to what the configuration file declares, or only says what would change. */
export async function apply(shell: Shell, flags: AskFlags & { readonly dryRun?: boolean }): Promise<ExitCode> {
  const json = flags.json === true;
  const { config, dataDir } = flags;
  const read = await readConfig(shell, { config, dataDir, json }, ANY_NETWORK);
  if (read === null) return 2;
  const { definition } = read.config;
  if (definition === null) {
    const problem =
      read.file === null
        ? "there is no configuration file here"
        : `${read.file} declares no sources, destinations or routes`;
    return complain(shell, { problem, remedy: "Write one with: npx holdfast init", badInput: true }, json);
  }
  // Here --config says what is applied, not where: a pipeline names its gateway by the variable.
  const url = flags.url ?? (dataDir === undefined ? shell.env["HOLDFAST_ADMIN_URL"] || undefined : undefined);
  return await askGateway(shell, url === undefined ? flags : { ...flags, url }, async ({ api }) => {
    const { alerts, ...rest } = definition;
    const declared = alerts === null ? rest : { ...rest, alerts: declareAlerts(alerts) };
    const applied = await api.apply(declared, { dryRun: flags.dryRun === true });
    if (json) printJson(shell, applied);
    else for (const line of describe(applied)) shell.print(line);
    return 0;
  });
}

function* describe(applied: Applied): Generator<string> {
  const changes = [
    ...applied.created.map((name) => `  + ${name}`),
    ...applied.updated.map((name) => `  ~ ${name}`),
    ...applied.disabled.map((name) => `  - ${name} (declared no longer: put out of use, nothing is deleted)`),
  ];
  if (changes.length === 0) return yield `Nothing changes; ${applied.unchanged} are as declared.`;
  yield applied.dryRun ? "This would change (nothing was written):" : "Applied:";
  yield* changes;
  yield `  = ${applied.unchanged} unchanged`;
}
