import type { Command } from "commander";
import { addGatewayOptions, type Choose } from "./options.ts";
import type { Shell } from "./shell.ts";

/** `status` and `throttle`: how the gateway stands, and who is let in. */
export function addThrottleCommands(program: Command, shell: Shell, choose: Choose): void {
  addGatewayOptions(program.command("status"))
    .description("how the gateway, its database and its queue stand, and how overloaded it is")
    .action((flags) => choose(async () => (await import("./commands/status.ts")).showStatus(shell, flags)));
  const throttle = program.command("throttle").description("who is slowed down or refused, by overload or by you");
  addGatewayOptions(throttle.command("show", { isDefault: true }))
    .description("how overloaded the gateway is and why, and the throttles that are set")
    .action((flags) => choose(async () => (await import("./commands/throttle.ts")).showThrottles(shell, flags)));
  addTargetOptions(throttle.command("set"))
    .description("slow down, refuse or exempt a class, a source or everything, for a while")
    .option("--admit <percent>", "let this part in, 0 to 99, and answer the rest 429")
    .option("--refuse", "answer all of it 503")
    .option("--exempt", "never refuse it because of overload")
    .option("--minutes <n>", "for how long, at most a week (default: 60)")
    .option("--reason <text>", "why; shown to whoever looks")
    .action((flags) => choose(async () => (await import("./commands/throttle.ts")).setThrottle(shell, flags)));
  addTargetOptions(throttle.command("clear"))
    .description("end a throttle before its time")
    .action((flags) => choose(async () => (await import("./commands/throttle.ts")).clearThrottle(shell, flags)));
}

function addTargetOptions(command: Command): Command {
  return addGatewayOptions(command)
    .option("--all", "for everything of this tenant")
    .option("--class <class>", "for critical, high, normal or low")
    .option("--source <name>", "for one source, by id or name");
}
