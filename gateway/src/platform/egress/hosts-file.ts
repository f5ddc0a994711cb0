import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";

/** Where the machine pins names to addresses. */
export const HOSTS_FILE =
  process.platform === "win32"
    ? join(process.env["SystemRoot"] ?? "C:\\Windows", "System32", "drivers", "etc", "hosts")
    : "/etc/hosts";

const FILE_CHARS_MAX = 1024 * 1024;

/** Reads a hosts file: name in lower case to its addresses, in the file's order. A file that cannot be read pins nothing. */
export async function readHostsFile(path: string): Promise<ReadonlyMap<string, readonly string[]>> {
  try {
    return parseHosts((await readFile(path, "utf8")).slice(0, FILE_CHARS_MAX));
  } catch {
    return new Map();
  }
}

/** The format of hosts(5): an address, then names, then perhaps a comment. */
export function parseHosts(text: string): ReadonlyMap<string, readonly string[]> {
  const addressesByName = new Map<string, string[]>();
  for (const line of text.split(/\r?\n/)) {
    const [address = "", ...names] = (line.split("#", 1)[0] ?? "").trim().split(/\s+/);
    if (isIP(address) === 0) continue;
    for (const name of names) {
      const known = addressesByName.get(name.toLowerCase()) ?? [];
      if (!known.includes(address)) known.push(address);
      addressesByName.set(name.toLowerCase(), known);
    }
  }
  return addressesByName;
}
