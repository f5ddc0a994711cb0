import { Command, CommanderError } from "commander";
import { addDatabaseOptions, addGatewayOptions, addServeOptions, type Choose, jsonOption } from "./options.ts";
import { addAccessCommands } from "./program-access.ts";
import { addQueryCommands } from "./program-queries.ts";
import { complain, type Complaint, type ExitCode, type Shell } from "./shell.ts";

/** The command line of `holdfast`. Choosing is apart from running, so that parsing stays synchronous and testable. */
export function buildProgram(shell: Shell, version: string, choose: Choose): Command {
  const program = new Command("holdfast")
    .description("Webhook reliability gateway: verified, recorded once, delivered, with evidence.")
    .version(version, "-v, --version", "print the version")
    .helpOption("-h, --help", "show this help")
    .helpCommand("help [command]", "show the help of a command")
    .showSuggestionAfterError(true)
    .exitOverride()
    .hook("preAction", (_program, command) => refuseNameless(command));
  addServeCommands(program, shell, choose);
  addFileCommands(program, shell, choose);
  addQueryCommands(program, shell, choose);
  addAccessCommands(program, shell, choose);
  addDatabaseCommands(program, shell, choose);
  return program;
}

/** An unset variable in a script arrives as an empty argument; `.` and `..` would lead elsewhere in a URL. */
function refuseNameless(command: Command): void {
  const at = command.args.findIndex((argument) => ["", ".", ".."].includes(argument.trim()));
  if (at < 0) return;
  const { registeredArguments: known } = command;
  const name = known[Math.min(at, known.length - 1)]?.name() ?? "";
  command.error(`error: argument '${name}' is ${JSON.stringify(command.args[at])}, which names nothing`);
}

/** Reads a command line. What is wrong is said here, as it is of any command; the help that was asked for is printed. */
export function parse(shell: Shell, program: Command, args: readonly string[]): ExitCode | null {
  // What does not parse has no flags: the word itself is all that tells how errors are wanted.
  const json = wantsJson(args);
  if (json) silence(program);
  try {
    program.parse([...args], { from: "user" });
    return null;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return 0;
    return json ? complain(shell, toComplaint(error), true) : 2;
  }
}

/** Whether `--json` stands among the flags. */
export function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return args.slice(0, end < 0 ? undefined : end).includes("--json");
}

/** Commander writes lines of text to standard error, where one JSON document is to stand. */
function silence(command: Command): void {
  command.configureOutput({ writeErr: () => {} });
  for (const inner of command.commands) silence(inner);
}

function toComplaint({ code, message }: CommanderError): Complaint {
  // It would show the help instead.
  if (code === "commander.help")
    return {
      problem: "the command is not complete, or not known",
      remedy: "Add --help to see what may follow.",
      badInput: true,
    };
  const [problem = "", suggestion] = message.replace(/^error: /, "").split("\n");
  return { problem, remedy: suggestion?.replace(/^\((.*)\)$/, "$1"), badInput: true };
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
    .option("--processes <n>", "processes on the same ports, 1 to 64; SIGHUP restarts them in turn (default: 1)")
    .option("--json", "print one line of JSON when it serves")
    .action((flags) => choose(async () => (await import("./commands/start.ts")).start(shell, flags)));
}

function addFileCommands(program: Command, shell: Shell, choose: Choose): void {
  program
    .command("init")
    .description("write a commented holdfast.config.ts")
    .addOption(jsonOption())
    .action((flags) => choose(async () => (await import("./commands/init.ts")).init(shell, flags)));
  addGatewayOptions(program.command("dashboard"))
    .description("make a link that signs a browser in to the dashboard, once")
    .action((flags) => choose(async () => (await import("./commands/dashboard.ts")).showDashboard(shell, flags)));
  addGatewayOptions(program.command("apply"))
    .description("apply the configuration file's sources, destinations and routes to a running gateway")
    .option("--dry-run", "only say what would change")
    .action((flags) => choose(async () => (await import("./commands/apply.ts")).apply(shell, flags)));
  addVerifyCommand(program, shell, choose);
}

function addVerifyCommand(program: Command, shell: Shell, choose: Choose): void {
  program
    .command("verify")
    .description("check a saved request without a gateway, and say why it does not verify")
    .requiredOption("--provider <slug>", "such as stripe")
    .requiredOption("--request <file>", "the saved request: HTTP as text, or JSON as the admin API gives it")
    .option("--secret-env <variable...>", "take a secret from this variable; v2=VARIABLE names its version")
    .option("--secret-file <file...>", "take a secret from this file; v2=file names its version")
    .option("--secret-stdin", "take a secret from standard input")
    .option("--secrets-file <file>", "JSON list of secrets with their value, version, state, notAfter and source")
    .option("--public-key-file <file...>", "PEM, JWK, or raw Ed25519 in hex or base64; kid=file names its id")
    .option("--receiver-file <file>", "JSON object with the other fields of the source's receiver configuration")
    .option("--url <url>", "the URL as the provider addressed it (default: the request's Host and path)")
    .option("--notification-url <url>", "the URL as it is registered at the provider, where that is signed")
    .option("--environment <name>", "live or sandbox: which events this receiver is for")
    .option("--now <time>", "judge as of this moment (default: when an export of ours came, else now)")
    .addOption(jsonOption())
    .action((flags) => choose(async () => (await import("./commands/verify.ts")).verifyFile(shell, flags)));
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
