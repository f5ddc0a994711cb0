import type { Api } from "@holdfast/client";
import { askGateway, type AskFlags } from "../ask-gateway.ts";
import { overloadTable } from "../describe-overload.ts";
import { describeTrouble } from "../describe-held.ts";
import { type Finding, fine, findingsOfStatus, wrong } from "../describe-status.ts";
import { type ExitCode, printJson, type Shell } from "../shell.ts";
import { printable } from "../table.ts";

/** As many as a page may have. */
const PAGE_ITEMS = 200;

/** Destinations that take less than they are sent: in words, with what to do. */
async function findingsOfDestinations(api: Api): Promise<Finding[]> {
  const troubled: Finding[] = [];
  let count = 0;
  for await (const destination of api.destinations.all({ limit: PAGE_ITEMS })) {
    count++;
    const words = describeTrouble(destination);
    if (words === null) continue;
    const told = wrong("destination", `${destination.name}: ${words.why}`, words.remedy);
    // A pause is somebody's wish.
    troubled.push({ ...told, ok: destination.state === "paused" });
  }
  return troubled.length > 0 ? troubled : [fine("destinations", `${count}, all of them take deliveries`)];
}

/** `holdfast status`: how the gateway, its database and its queue stand. Ends with 1 when something is wrong. */
export async function showStatus(shell: Shell, flags: AskFlags): Promise<ExitCode> {
  return await askGateway(shell, flags, async ({ api }) => {
    const status = await api.status();
    const findings = [...findingsOfStatus(status), ...(await findingsOfDestinations(api))];
    const isWell = findings.every(({ ok }) => ok);
    if (flags.json === true) {
      printJson(shell, { ...status, ok: isWell, findings });
      return isWell ? 0 : 1;
    }
    shell.print(`holdfast ${status.version}, PostgreSQL ${status.postgresVersion}`);
    for (const { check, ok, found, remedy } of findings) {
      const mark = ok ? shell.paint.green("ok") : shell.paint.red("wrong");
      shell.print(`  ${mark.padEnd(5)}  ${check.padEnd(13)} ${printable(found)}`);
      if (remedy !== null) shell.print(`         ${remedy}`);
    }
    shell.print("");
    for (const line of overloadTable(shell.paint, status.overload)) shell.print(`  ${line}`);
    return isWell ? 0 : 1;
  });
}
