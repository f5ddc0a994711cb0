import type { Api, AuditEntry, AuditVerification } from "@holdfast/client";
import { askGateway, type AskFlags } from "../ask-gateway.ts";
import { collect, type PageFlags, printPage, readLimit } from "../page-flags.ts";
import { complain, type ExitCode, printJson, type Shell } from "../shell.ts";
import { formatTable, formatTime, printable } from "../table.ts";

interface ListFlags extends PageFlags {
  readonly actor?: string;
  readonly action?: string;
  readonly target?: string;
}

/** `holdfast audit list`: what was done, newest first. */
export async function listAudit(shell: Shell, flags: ListFlags): Promise<ExitCode> {
  const limit = readLimit(shell, flags);
  if (limit === null) return 2;
  const { actor, action, target } = flags;
  const filter = {
    ...(actor === undefined ? {} : { actor }),
    ...(action === undefined ? {} : { action }),
    ...(target === undefined ? {} : { target }),
  };
  return await askGateway(shell, flags, async ({ api }) => {
    const page = await collect(limit, flags.cursor, (query) => api.audit.page({ ...filter, ...query }));
    const head = ["n", "at (UTC)", "who", "what", "of what"];
    const lines = formatTable(shell.paint, head, page.items.map(toRow));
    return printPage(shell, flags, page, { lines, empty: "Nothing was changed yet." });
  });
}

function toRow({ n, at, actor, action, target }: AuditEntry): string[] {
  return [String(n), formatTime(at), printable(actor), printable(action), printable(target ?? "-")];
}

/** `holdfast audit verify`: 0 when the chain is whole, 1 when it is not. */
export async function verifyAudit(shell: Shell, flags: AskFlags & { readonly anchor?: string }): Promise<ExitCode> {
  const anchor = readAnchor(flags.anchor);
  if (anchor === "bad") {
    const problem = "--anchor is an entry's number and hash, such as 17:3f0a…, as verify printed them";
    return complain(shell, { problem, badInput: true }, flags.json === true);
  }
  return await askGateway(shell, flags, async ({ api }) => {
    const found = await follow(api, anchor);
    if (flags.json === true) printJson(shell, found);
    else for (const line of describe(found)) shell.print(line);
    return found.intact ? 0 : 1;
  });
}

function readAnchor(text: string | undefined): { after: number; hash: string } | null | "bad" {
  if (text === undefined) return null;
  const [, n, hash] = /^([1-9]\d{0,14}):([0-9a-f]{64})$/.exec(text) ?? [];
  return n === undefined || hash === undefined ? "bad" : { after: Number(n), hash };
}

/** The anchor first: a chain that was cut off or made anew is whole in itself. Then all of it, part by part. */
async function follow(api: Api, anchor: { after: number; hash: string } | null): Promise<AuditVerification> {
  if (anchor !== null) {
    const held = await api.audit.verify(anchor);
    if (!held.intact) return held;
  }
  let entries = 0;
  let found = await api.audit.verify();
  for (;;) {
    entries += found.entries;
    if (!found.intact || found.complete || found.last === null) return { ...found, entries };
    found = await api.audit.verify({ after: found.last.n, hash: found.last.hash });
  }
}

function* describe({ intact, entries, last, broken }: AuditVerification): Generator<string> {
  if (!intact) {
    yield `BROKEN at entry ${broken?.n ?? "?"}: ${broken?.detail ?? ""}`;
    yield "The log of the gateway holds each entry's hash as it was written: look for the lines with audit.n.";
    return;
  }
  yield entries === 1 ? "1 entry, whole." : `${entries} entries, whole.`;
  if (last !== null) yield `Keep this elsewhere, and give it next time with --anchor: ${last.n}:${last.hash}`;
}
