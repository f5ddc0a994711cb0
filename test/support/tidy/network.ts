import type { Check } from "./tree.ts";
import { isCode } from "./tree.ts";
import { syntaxOf } from "./syntax.ts";

// The one way out of the gateway, and the client library, which runs in other people's processes.
const OUTGOING = /^(gateway\/src\/platform\/egress|client\/src)\//;
// Doors: what listens. The command line has one, the sample receiver.
const LISTENING = /^gateway\/src\/(http\/|boot\/|cli\/sample-receiver\.ts$|config\/)/;
// Sockets that are no HTTP: is a port taken, does the database answer.
const SOCKETS = /^gateway\/src\/(platform\/egress|http|boot|config|store\/embedded)\//;

const REQUESTS = /^(?:(?:globalThis\.|window\.)?fetch|https?\.(?:request|get)|XMLHttpRequest|WebSocket|EventSource)$/;

/** Requests leave through the guarded egress alone; nobody else opens a door or a socket. */
export const checkNetwork: Check = (files) =>
  files
    .filter(({ path }) => isCode(path) && /^(gateway|verify|client)\/(src|bin)\//.test(path))
    .flatMap((file) => {
      const { imports, calls } = syntaxOf(file);
      const faults: string[] = [];
      for (const { specifier, names, line } of imports) {
        const fault = judgeImport(file.path, specifier, names);
        if (fault !== null) faults.push(`${file.path}:${line}: ${fault}`);
      }
      for (const { name, line } of calls) {
        if (REQUESTS.test(name) && !OUTGOING.test(file.path)) faults.push(`${file.path}:${line}: ${name}() ${AROUND}`);
      }
      return faults;
    });

const AROUND = "goes around the guarded egress: use platform/egress, or the client library in a command";

function judgeImport(path: string, specifier: string, names: readonly string[]): string | null {
  if (specifier === "undici" && !OUTGOING.test(path)) return `undici ${AROUND}`;
  if (/^node:https?2?$/.test(specifier)) {
    const sends = names.filter((name) => ["request", "get", "default", "*", "connect"].includes(name));
    if (sends.length > 0 && !OUTGOING.test(path)) return `${specifier} (${sends.join(", ")}) ${AROUND}`;
    const opens = names.some((name) => name.startsWith("create"));
    if (opens && !LISTENING.test(path) && !OUTGOING.test(path)) return `${specifier} opens a door outside of http/`;
  }
  if (/^node:(net|tls|dgram)$/.test(specifier)) {
    const opens = names.some((name) =>
      /^(connect|createConnection|createServer|createSocket|Socket|default|\*)$/.test(name),
    );
    if (opens && !SOCKETS.test(path) && !OUTGOING.test(path))
      return `${specifier} opens a socket outside of the rooms for it`;
  }
  return null;
}
