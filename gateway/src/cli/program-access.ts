import type { Command } from "commander";
import { addGatewayOptions, addPageOptions, type Choose } from "./options.ts";
import type { Shell } from "./shell.ts";

/** `people` and `audit`: who may sign in, and who did what. */
export function addAccessCommands(program: Command, shell: Shell, choose: Choose): void {
  const people = program.command("people").description("who may sign in to the dashboard, and what they may do");
  addGatewayOptions(people.command("list", { isDefault: true }))
    .description("everybody, by email address")
    .action((flags) => choose(async () => (await import("./commands/people.ts")).listPeople(shell, flags)));
  addGatewayOptions(people.command("add"))
    .description("let somebody sign in; the password is read from standard input")
    .argument("<email>")
    .option("--role <role>", "viewer, responder, operator or admin", "viewer")
    .option("--name <name>", "how they are called (default: the address's first part)")
    .option("--password-file <file>", "take the password from this file")
    .action((email, flags) =>
      choose(async () => (await import("./commands/people.ts")).addPerson(shell, { email, ...flags })),
    );
  addGatewayOptions(people.command("disable"))
    .description("keep somebody out; all their sessions end at once")
    .argument("<person>", "per_… or the email address")
    .action((person, flags) =>
      choose(async () => (await import("./commands/people.ts")).disablePerson(shell, { person, ...flags })),
    );
  const audit = program.command("audit").description("who changed what, and whether the account of it is whole");
  addPageOptions(addGatewayOptions(audit.command("list", { isDefault: true })))
    .description("what was done, newest first")
    .option("--actor <name>", "only by this person or key, by name or id")
    .option("--action <operation>", 'only this operation, such as "DELETE /keys/{id}"')
    .option("--target <target>", "only what was done to this, by id or name")
    .action((flags) => choose(async () => (await import("./commands/audit.ts")).listAudit(shell, flags)));
  addGatewayOptions(audit.command("verify"))
    .description("compute the chain again, and name the first entry that breaks it")
    .option("--anchor <n:hash>", "an entry's number and hash that were kept elsewhere, to be held against the chain")
    .action((flags) => choose(async () => (await import("./commands/audit.ts")).verifyAudit(shell, flags)));
}
