import type { Command } from "commander";
import { addGatewayOptions, addPageOptions, type Choose } from "./options.ts";
import type { Shell } from "./shell.ts";

/** `secrets` and `loops`: what keeps providers and sources of one mind. */
export function addSecretCommands(program: Command, shell: Shell, choose: Choose): void {
  const secrets = program.command("secrets").description("the versions of a source's secret: rotate it, see its use");
  addGatewayOptions(secrets.command("list", { isDefault: true }))
    .description("the versions of one source's secret, or of every source's")
    .argument("[source]", "id or name")
    .action((source, flags) =>
      choose(async () => (await import("./commands/secrets.ts")).listSecrets(shell, { source, ...flags })),
    );
  addGatewayOptions(secrets.command("add"))
    .description("add a version, read from standard input; it verifies at once and waits to be promoted")
    .argument("<source>", "id or name")
    .option("--name <version>", "the version's name (default: the next free v1, v2, …)")
    .option("--from-env <variable>", "take the secret from this variable")
    .option("--from-file <file>", "take the secret from this file")
    .option("--generate", "have one made, where the provider lets its customer choose")
    .option("--allow-short", "accept a secret shorter than the provider's minimum")
    .action((source, flags) =>
      choose(async () => (await import("./commands/secrets.ts")).addSecret(shell, { source, ...flags })),
    );
  addGatewayOptions(secrets.command("promote"))
    .description("make a version the active one; the one before goes on verifying for a while")
    .argument("<source>", "id or name")
    .argument("<version>", "such as v2")
    .option("--overlap-hours <hours>", "how long, 0 to 168 (default: 24)")
    .action((source, version, flags) =>
      choose(async () => (await import("./commands/secrets.ts")).promoteSecret(shell, { source, version, ...flags })),
    );
  addGatewayOptions(secrets.command("retire"))
    .description("end a version at once; refused while it is in use")
    .argument("<source>", "id or name")
    .argument("<version>", "such as v1")
    .option("--force", "also while it is in use, or the only one")
    .action((source, version, flags) =>
      choose(async () => (await import("./commands/secrets.ts")).retireSecret(shell, { source, version, ...flags })),
    );
  addGatewayOptions(secrets.command("reseal"))
    .description("seal every stored secret with the first of the gateway's keys, after that key was changed")
    .action((flags) => choose(async () => (await import("./commands/secrets.ts")).resealSecrets(shell, flags)));
}

/** `loops`. */
export function addLoopCommand(program: Command, shell: Shell, choose: Choose): void {
  addPageOptions(addGatewayOptions(program.command("loops")))
    .description("what comes again and again: one event, or the same rejected bytes")
    .option("--source <name>", "only at this source")
    .action((flags) => choose(async () => (await import("./commands/loops.ts")).listLoops(shell, flags)));
}
