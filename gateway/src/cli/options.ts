import { type Command, Option } from "commander";
import type { ExitCode } from "./shell.ts";

/** What a parsed command line leads to. The module of a command is loaded when the command runs, and not before. */
export type Run = () => Promise<ExitCode>;
export type Choose = (run: Run) => void;

/** `--json`, the same on every command. */
export function jsonOption(): Option {
  return new Option("--json", "print JSON: one document, or one a line");
}

/** Flags that lead to a running gateway. */
export function addGatewayOptions(command: Command): Command {
  return command
    .option("--url <url>", "admin URL of the gateway (default: HOLDFAST_ADMIN_URL, or the one that runs here)")
    .option("--token <key>", "API key (default: HOLDFAST_ADMIN_TOKEN, or the key of the one that runs here)")
    .option("--data-dir <folder>", "data folder of the gateway that runs here")
    .option("--config <file>", "configuration file that names the data folder")
    .addOption(jsonOption());
}

/** Flags of `dev` and `start`; each stands over the variable and the file's key of the same name. */
export function addServeOptions(command: Command): Command {
  return command
    .option("--config <file>", "configuration file (default: holdfast.config.ts, .mts, .js or .mjs here)")
    .option("--data-dir <folder>", "folder of the embedded database, the keys and the run file (default: .holdfast)")
    .option("--role <roles>", "ingest, worker, admin, metrics, separated by commas (default: the first three)")
    .option("--host <address>", "address of the ingest door (default: 127.0.0.1)")
    .option("--port <port>", "port of the ingest door, 0 for a free one (default: 4400)")
    .option("--admin-host <address>", "address of the admin API (default: 127.0.0.1)")
    .option("--admin-port <port>", "port of the admin API, 0 for a free one (default: 4401)")
    .option("--public-url <url>", "how providers address the ingest door")
    .option("--log-level <level>", "debug, info, warn, error or silent");
}

/** Flags of the commands that work on the database itself. */
export function addDatabaseOptions(command: Command): Command {
  return command
    .option("--config <file>", "configuration file")
    .option("--data-dir <folder>", "folder of the embedded database (default: .holdfast)")
    .addOption(jsonOption());
}

/** Flags of a list. */
export function addPageOptions(command: Command): Command {
  return command
    .option("--limit <n>", "how many at most, 1 to 1000", "20")
    .option("--cursor <cursor>", "where the page before has ended");
}
