import { type Command, Option } from "commander";
import { addGatewayOptions, addPageOptions, type Choose } from "./options.ts";
import type { Shell } from "./shell.ts";

const loadDead = () => import("./commands/dead.ts");
const loadReplay = () => import("./commands/replay.ts");

/** `dead`: what was given up, by cause, and what can be done with it. */
export function addDeadCommands(program: Command, shell: Shell, choose: Choose): void {
  const dead = program.command("dead").description("dead letters: deliveries that were given up, with the reason");
  const list = dead
    .command("list", { isDefault: true })
    .description("dead letters by cause with what to do next, and the newest of them");
  addDeadFilter(addPageOptions(addGatewayOptions(list)))
    .option("--dismissed", "those that were dismissed instead of the open ones")
    .action((flags) => choose(async () => (await loadDead()).listDead(shell, flags)));
  addGatewayOptions(dead.command("show"))
    .description("one dead letter with its attempts")
    .argument("<id>", "dlv_…")
    .action((id, flags) =>
      choose(async () => (await import("./commands/deliveries.ts")).showDelivery(shell, { id, ...flags })),
    );
  addDeadFilter(addGatewayOptions(dead.command("retry")))
    .description(
      "deliver again, as new deliveries with the same idempotency keys: one by its id, or all that fit, once counted",
    )
    .argument("[id]", "dlv_…")
    .option("--expect <n>", "the count that was shown; with it they are retried, without it only counted")
    .action((id, flags) => choose(async () => (await loadDead()).retryDead(shell, { id, ...flags })));
  addDeadFilter(addGatewayOptions(dead.command("dismiss")))
    .description("take letters out of the list because nothing is to be done for them; can be undone for 7 days")
    .argument("[id...]", "dlv_…")
    .requiredOption("--reason <text>", "why, for the record")
    .option("--expect <n>", "the count that was shown; with it they are dismissed, without it only counted")
    .action((ids, flags) => choose(async () => (await loadDead()).dismissDead(shell, { ids, ...flags })));
  addGatewayOptions(dead.command("restore"))
    .description("undo a dismissal, or a retry that was not tried yet: by the handling (hdl_…) or by the letters")
    .argument("<id...>", "hdl_… or dlv_…")
    .action((ids, flags) => choose(async () => (await loadDead()).restoreDead(shell, { ids, ...flags })));
  addPageOptions(addGatewayOptions(dead.command("handlings")))
    .description("what was done with dead letters, by whom and why")
    .action((flags) => choose(async () => (await loadDead()).listHandlings(shell, flags)));
  addDeadFilter(addGatewayOptions(dead.command("export")))
    .description("dead letters with their requests as they came, one JSON line each")
    .option("--limit <n>", "how many at most, 1 to 1000", "1000")
    .option("--dismissed", "those that were dismissed instead of the open ones")
    .action((flags) => choose(async () => (await loadDead()).exportDead(shell, flags)));
}

function addDeadFilter(command: Command): Command {
  return command
    .option("--destination <name>", "only to this destination")
    .option("--source <name>", "only of this source")
    .option("--type <event type>", "only of this event type; * stands for any run of characters")
    .option("--group <id>", "only of this cause, as the list shows it")
    .option("--cause <reason>", "only what died of this, such as attempts_exhausted")
    .option("--outcome <class>", "only with this class of the last outcome: transient, throttled, refused, gone")
    .option("--status <status>", "only with this status of the last answer")
    .option("--since <time>", "only what died from this moment on (ISO 8601)")
    .option("--until <time>", "only what died before this moment (ISO 8601)");
}

/** `replay`: recorded arrivals once more, through the same verification and dedupe. */
export function addReplayCommands(program: Command, shell: Shell, choose: Choose): void {
  const replay = program
    .command("replay")
    .description("deliver recorded arrivals again, through the same verification and dedupe");
  addPageOptions(addGatewayOptions(replay.command("list", { isDefault: true })))
    .description("the newest replays with their summaries")
    .action((flags) => choose(async () => (await loadReplay()).listReplays(shell, flags)));
  addPlan(replay.command("plan")).action((flags) => choose(async () => (await loadReplay()).planReplay(shell, flags)));
  addGatewayOptions(replay.command("run"))
    .description(
      "run a plan by its token, once, and wait until it has ended; exit code 1 unless it completed and its check passed",
    )
    .argument("<token>", "plan_…")
    .option("--as <name>", "who runs it, for the record (default: the user of this shell)")
    .option("--no-wait", "only start it")
    .action((planToken, flags) => choose(async () => (await loadReplay()).runReplay(shell, { planToken, ...flags })));
  addGatewayOptions(replay.command("watch"))
    .description("follow a replay until it has ended; exit code 1 unless it completed and its check passed")
    .argument("<id>", "rpl_…")
    .action((id, flags) => choose(async () => (await loadReplay()).watchReplay(shell, { id, ...flags })));
  addGatewayOptions(replay.command("show"))
    .description("one replay: its scope, its summary and what it was checked by")
    .argument("<id>", "rpl_…")
    .action((id, flags) => choose(async () => (await loadReplay()).showReplay(shell, { id, ...flags })));
  addGatewayOptions(replay.command("cancel"))
    .description("stop a replay and take back what nobody has tried yet")
    .argument("<id>", "rpl_…")
    .option("--as <name>", "who cancels it, for the record (default: the user of this shell)")
    .action((id, flags) => choose(async () => (await loadReplay()).cancelReplay(shell, { id, ...flags })));
}

function addPlan(command: Command): Command {
  return addGatewayOptions(command)
    .description("say what a replay would do, and give the token that runs it; nothing is delivered by this")
    .option("--source <name...>", "only of these sources")
    .option("--type <event type...>", "only of these event types; * stands for any run of characters")
    .option("--since <time>", "received from this moment on (ISO 8601; default: 24 hours ago)")
    .option("--until <time>", "received before this moment (ISO 8601; default: now)")
    .option("--destination <name...>", "only to these destinations")
    .option("--state <state...>", "only what is dead, waiting, missing (never sent there) or processed")
    .option(
      "--rejected [reason...]",
      "arrivals that were refused instead of events, verified with the secrets of today",
    )
    .option("--id <id...>", "only these: evt_… or, with --rejected, rej_…")
    .option("--again", "what is processed already, too: a new delivery with a new idempotency key")
    .option("--copy-to <name>", "marked copies to another destination; the originals stay as they are")
    .option("--rate <n>", "deliveries a second at most", "100")
    .option("--in-flight <n>", "deliveries under way at once, at most", "200")
    .addOption(
      new Option("--priority <class>", "class of its deliveries")
        .choices(["critical", "high", "normal", "low"])
        .default("low"),
    )
    .option("--trust-recorded", "where a signature cannot be checked again, go by the verdict of the receipt")
    .option("--as <name>", "who plans it, for the record (default: the user of this shell)");
}
