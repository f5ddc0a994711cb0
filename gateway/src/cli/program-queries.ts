import type { Command } from "commander";
import { addDestinationCommands } from "./program-destinations.ts";
import { addDeadCommands, addReplayCommands } from "./program-recovery.ts";
import { addGatewayOptions, addPageOptions, type Choose } from "./options.ts";
import { addReconcileCommands } from "./program-reconcile.ts";
import { addLoopCommand, addSecretCommands } from "./program-secrets.ts";
import { addThrottleCommands } from "./program-throttle.ts";
import { openKeyboard } from "./keyboard.ts";
import { complain, type ExitCode, type Shell } from "./shell.ts";

/** The commands that ask a running gateway: `send`, `listen`, `events`, `deliveries`, `destinations`, `dead`, `secrets`, `loops`, `status`, `throttle`. A list is what a noun alone gives. */
export function addQueryCommands(program: Command, shell: Shell, choose: Choose): void {
  addSend(program, shell, choose);
  addListen(program, shell, choose);
  addEvents(program, shell, choose);
  addDeliveries(program, shell, choose);
  addDestinationCommands(program, shell, choose);
  addDeadCommands(program, shell, choose);
  addReplayCommands(program, shell, choose);
  addSecretCommands(program, shell, choose);
  addReconcileCommands(program, shell, choose);
  addLoopCommand(program, shell, choose);
  addThrottleCommands(program, shell, choose);
}

function addListen(program: Command, shell: Shell, choose: Choose): void {
  addGatewayOptions(program.command("listen"))
    .description("show events as they come, and forward them to a service on this machine")
    .option("--source <name>", "only of this source, by id or name")
    .option("--forward <url>", "post each to this URL of this machine, signed, such as http://localhost:3000/webhooks")
    .option("--quiet", "print nothing but what goes wrong")
    .option("--until-type <type>", "end with 0 when an event of this type was delivered")
    .option("--timeout <seconds>", "with --until-type: end with 1 after so long")
    .action((flags) =>
      choose(async () => (await import("./commands/listen.ts")).listen(shell, flags, () => openKeyboard(process))),
    );
}

function addSend(program: Command, shell: Shell, choose: Choose): void {
  addGatewayOptions(program.command("send"))
    .description("sign a sample event as its provider would and post it to a source")
    .argument("[provider]", "such as stripe")
    .argument("[event type]", "such as invoice.paid (default: the provider's first sample)")
    .option("--list", "only list the providers that there are samples of, with their event types")
    .option("--source <name>", "the source to send to (default: the only one of this provider)")
    .option("--count <n>", "how many distinct events, 1 to 10000", "1")
    .option("--data <body>", "the body to send instead of the sample; @file reads it from a file")
    .action((provider, eventType, flags) =>
      choose(async () => {
        if (flags.list === true) return (await import("./commands/send-list.ts")).listSamples(shell, flags);
        if (provider === undefined) return refuseMissingProvider(shell, flags);
        return await (await import("./commands/send.ts")).send(shell, { provider, eventType, ...flags });
      }),
    );
}

function refuseMissingProvider(shell: Shell, flags: { readonly json?: boolean }): ExitCode {
  const remedy = "These can be sent: npx holdfast send --list";
  return complain(
    shell,
    { problem: "missing required argument 'provider'", remedy, badInput: true },
    flags.json === true,
  );
}

function addEvents(program: Command, shell: Shell, choose: Choose): void {
  const events = program.command("events").description("what has been recorded");
  const list = events.command("list", { isDefault: true }).description("the newest events");
  addPageOptions(addGatewayOptions(list))
    .option("--source <name>", "only of this source")
    .option("--type <event type>", "only of this event type")
    .option("--since <time>", "only from this moment on (ISO 8601)")
    .option("--until <time>", "only up to this moment (ISO 8601)")
    .option("--provider-id <id>", "only the event with this id of the provider's own")
    .action((flags) => choose(async () => (await import("./commands/events.ts")).listEvents(shell, flags)));
  addGatewayOptions(events.command("show"))
    .description("one event with its timeline and deliveries")
    .argument("<id>", "evt_…")
    .option("--body", "print only the body, exactly as it came")
    .action((id, flags) =>
      choose(async () => (await import("./commands/show-event.ts")).showEvent(shell, { id, ...flags })),
    );
}

function addDeliveries(program: Command, shell: Shell, choose: Choose): void {
  const deliveries = program
    .command("deliveries")
    .description("one event for one destination: what is under way and what has ended");
  const list = deliveries.command("list", { isDefault: true }).description("the newest deliveries");
  addPageOptions(addGatewayOptions(list))
    .option("--state <state>", "only ready, scheduled, held, leased, processed or dead")
    .option("--destination <name>", "only to this destination")
    .option("--event <id>", "only of this event")
    .action((flags) => choose(async () => (await import("./commands/deliveries.ts")).listDeliveries(shell, flags)));
  addGatewayOptions(deliveries.command("show"))
    .description("one delivery with its attempts")
    .argument("<id>", "dlv_…")
    .action((id, flags) =>
      choose(async () => (await import("./commands/deliveries.ts")).showDelivery(shell, { id, ...flags })),
    );
}
