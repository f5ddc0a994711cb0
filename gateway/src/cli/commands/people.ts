import type { AccessRole, Api, Person } from "@holdfast/client";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { askGateway, type AskFlags } from "../ask-gateway.ts";
import type { Input } from "../read-input.ts";
import { complain, type ExitCode, printJson, type Shell } from "../shell.ts";
import { formatTable, formatTime, printable } from "../table.ts";

/** `holdfast people list`: who may sign in. */
export async function listPeople(shell: Shell, flags: AskFlags): Promise<ExitCode> {
  return await askGateway(shell, flags, async ({ api }) => {
    const people: Person[] = [];
    for await (const person of api.people.all({ limit: 200 })) people.push(person);
    if (flags.json === true) for (const person of people) printJson(shell, person);
    else if (people.length === 0) shell.print("Nobody yet. Add somebody with: npx holdfast people add <email>");
    else {
      const head = ["email", "name", "role", "state", "comes by", "last seen (UTC)"];
      for (const line of formatTable(shell.paint, head, people.map(toRow))) shell.print(line);
    }
    return 0;
  });
}

function toRow({ email, name, role, state, hasPassword, issuer, lastSeenAt }: Person): string[] {
  const way = issuer ?? (hasPassword ? "password" : "-");
  const seen = lastSeenAt === null ? "-" : formatTime(lastSeenAt);
  return [printable(email), printable(name), role, state, printable(way), seen];
}

export interface AddFlags extends AskFlags {
  readonly email: string;
  readonly role: string;
  readonly name?: string;
  readonly passwordFile?: string;
}

/** `holdfast people add`: the password never stands on the command line. */
export async function addPerson(shell: Shell, flags: AddFlags): Promise<ExitCode> {
  const read = await readPassword(shell, flags.passwordFile);
  if (!read.ok) return complain(shell, { ...read, badInput: true }, flags.json === true);
  return await askGateway(shell, flags, async ({ api }) => {
    const named = flags.name === undefined ? {} : { name: flags.name };
    // Checked by the API, which names the roles.
    const made = await api.people.add({
      email: flags.email,
      role: flags.role as AccessRole,
      password: read.text,
      ...named,
    });
    if (flags.json === true) printJson(shell, made);
    else shell.print(`${made.email} may sign in now as ${made.role} (${made.id}).`);
    return 0;
  });
}

async function readPassword(shell: Shell, file: string | undefined): Promise<Input> {
  const remedy = "Pipe it in, or name its file with --password-file.";
  const read = file === undefined ? await shell.readInput() : await readPasswordFile(shell, file);
  if (read === null) return { ok: false, problem: `${file ?? ""} cannot be read`, remedy };
  if (!read.ok) return read;
  // An editor and `echo` end a text with a line break, which is no part of the password.
  const text = read.text.replace(/\r?\n$/, "");
  return text === "" ? { ok: false, problem: "no password was given", remedy } : { ok: true, text };
}

async function readPasswordFile(shell: Shell, file: string): Promise<Input | null> {
  const text = await readFile(resolve(shell.cwd, file), "utf8").catch(() => null);
  return text === null ? null : { ok: true, text };
}

/** `holdfast people disable`. */
export async function disablePerson(shell: Shell, flags: AskFlags & { readonly person: string }): Promise<ExitCode> {
  return await askGateway(shell, flags, async ({ api }) => {
    const id = await findPerson(api, flags.person);
    if (id === null) {
      const problem = `there is nobody with the address ${printable(flags.person)}`;
      return complain(
        shell,
        { problem, remedy: "See them with: npx holdfast people", badInput: true },
        flags.json === true,
      );
    }
    const disabled = await api.people.update(id, { state: "disabled" });
    if (flags.json === true) printJson(shell, disabled);
    else shell.print(`${disabled.email} is disabled; all their sessions have ended.`);
    return 0;
  });
}

async function findPerson(api: Api, idOrEmail: string): Promise<string | null> {
  if (/^per_[0-9a-z]{26}$/.test(idOrEmail)) return idOrEmail;
  const email = idOrEmail.trim().toLowerCase();
  for await (const person of api.people.all({ limit: 200 })) if (person.email === email) return person.id;
  return null;
}
