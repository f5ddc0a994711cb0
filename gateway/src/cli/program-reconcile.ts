import type { Command } from "commander";
import { addGatewayOptions, addPageOptions, type Choose } from "./options.ts";
import type { Shell } from "./shell.ts";

const load = () => import("./commands/reconcile.ts");

/** `reconcile`: comparisons with providers' own logs. */
export function addReconcileCommands(program: Command, shell: Shell, choose: Choose): void {
  const reconcile = program
    .command("reconcile")
    .description("compare what was recorded with the provider's own log, and recover what is missing");
  addGatewayOptions(reconcile.command("status", { isDefault: true }))
    .description(
      "what is compared, when next, what the newest run of each found, and which is under way; exit code 1 when something is unexplained or that run failed",
    )
    .action((flags) => choose(async () => (await load()).showStatus(shell, flags)));
  addGatewayOptions(reconcile.command("run"))
    .description("compare now and wait for the report; exit code 1 when it fails or something stays unexplained")
    .argument("<reconciliation>", "id or name")
    .option("--from <time>", "a window of its own instead of where the last run ended (ISO 8601)")
    .option("--to <time>", "the end of that window (ISO 8601)")
    .option("--no-wait", "only start it")
    .action((reconciliation, flags) =>
      choose(async () => (await load()).runReconciliation(shell, { reconciliation, ...flags })),
    );
  addPageOptions(addGatewayOptions(reconcile.command("list")))
    .description("the newest runs with their reports, to be compared over time")
    .option("--reconciliation <name>", "only of this one")
    .action((flags) => choose(async () => (await load()).listRuns(shell, flags)));
  addPageOptions(addGatewayOptions(reconcile.command("show")))
    .description("one run with its report and the events behind it; exit code 1 when something is unexplained")
    .argument("<run>", "run_…")
    .option("--state <state>", "only dead_here, recovered, unexplained or unknown_to_provider")
    .action((run, flags) => choose(async () => (await load()).showRun(shell, { run, ...flags })));
  addGatewayOptions(reconcile.command("cancel"))
    .description("end a run where it is; what it has recovered stays")
    .argument("<run>", "run_…")
    .action((run, flags) => choose(async () => (await load()).cancelRun(shell, { run, ...flags })));
}
