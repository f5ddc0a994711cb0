import { Command, CommanderError } from "commander";
import { addDatabaseOptions, addGatewayOptions, addServeOptions, type Choose, jsonOption } from "./options.ts";
import { addQueryCommands } from "./program-queries.ts";
import type { ExitCode, Shell } from "./shell.ts";

/** The command line of `holdfast`. Choosing is apart from running, so that parsing stays synchronous and testable. */
export function buildProgram(shell: Shell, version: string, choose: Choose): Command {
  const program = new Command("holdfast")
    .description("Webhook reliability gateway: verified, recorded once, delivered, with evidence.")
    .version(version, "-v, --version", "print the version")
    .helpOption("-h, --help", "show this help")
    .helpCommand("help [command]", "show the help of a command")
    .showSuggestionAfterError(true)
    .exitOverride();
  addServeCommands(program, shell, choose);
  addFileCommands(program, shell, choose);
  addQueryCommands(program, shell, choose);
  addDatabaseCommands(program, shell, choose);
  return program;
}

/** Reads a command line. Commander has already printed what is wrong, or the help that was asked for. */
export function parse(program: Command, args: readonly string[]): ExitCode | null {
  try {
    program.parse([...args], { from: "user" });
    return null;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? 0 : 2;
  }
}

function addServeCommands(program: Command, shell: Shell, choose: Choose): void {
  addServeOptions(program.command("dev"))
    .description(
      "start a gateway to try things on, with sample sources and a sample receiver if there is no configuration file",
    )
    .option("--receiver-port <port>", "port of the sample receiver (default: 4402, or a free one)")
    .addOption(jsonOption())
    .action((flags) => choose(async () => (await import("./commands/dev.ts")).dev(shell, flags)));
  addServeOptions(program.command("start"))
    .description("start a gateway")
    .option("--json", "print one line of JSON when it serves")
    .action((flags) => choose(async () => (await import("./commands/start.ts")).start(shell, flags)));
}

function addFileCommands(program: Command, shell: Shell, choose: Choose): void {
  program
    .command("init")
    .description("write a commented holdfast.config.ts")
    .addOption(jsonOption())
    .action((flags) => choose(async () => (await import("./commands/init.ts")).init(shell, flags)));
  addGatewayOptions(program.command("apply"))
    .description("apply the configuration file's sources, destinations and routes to a running gateway")
    .option("--dry-run", "only say what would change")
    .action((flags) => choose(async () => (await import("./commands/apply.ts")).apply(shell, flags)));
  program
    .command("verify")
    .description("check a captured request, and say why it does not verify")
    .argument("<provider>", "such as stripe")
    .argument(
      "<file>",
      "the captured request: an HTTP request as text, or JSON { method, url, headers, body or bodyBase64 }",
    )
    .option(
      "--secret <secret...>",
      "one or more secrets (or HOLDFAST_VERIFY_SECRET, which leaves no trace in the shell's history)",
    )
    .option("--url <url>", "the URL as it is registered at the provider, where that is signed")
    .option("--at <time>", "check as if it were this moment (ISO 8601)")
    .addOption(jsonOption())
    .action((provider, file, flags) =>
      choose(async () => (await import("./commands/verify.ts")).verifyFile(shell, { provider, file, ...flags })),
    );
}

function addDatabaseCommands(program: Command, shell: Shell, choose: Choose): void {
  addGatewayOptions(program.command("doctor"))
    .description("check this machine, the configuration and the running gateway")
    .action((flags) => choose(async () => (await import("./commands/doctor.ts")).doctor(shell, flags)));
  addDatabaseOptions(program.command("migrate"))
    .description("bring the database to this version's schema")
    .action((flags) => choose(async () => (await import("./commands/migrate.ts")).migrateDatabase(shell, flags)));
  const db = program.command("db").description("export and import the whole database");
  addDatabaseOptions(db.command("export"))
    .description("write everything to one file; - is standard output")
    .argument("<file>")
    .action((file, flags) =>
      choose(async () => (await import("./commands/db.ts")).exportFile(shell, { file, ...flags })),
    );
  addDatabaseOptions(db.command("import"))
    .description("read such a file into an empty database of the same version")
    .argument("<file>")
    .action((file, flags) =>
      choose(async () => (await import("./commands/db.ts")).importFile(shell, { file, ...flags })),
    );
}
