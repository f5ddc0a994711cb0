// Which versions the peers are measured in. package.json pins the same; a report names what was really there.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { existsSync, readFileSync } from "node:fs";

/** pg-boss 12 asks for Node 22.12; 10.4.2 is the last for Node 20, the oldest that Holdfast runs on. */
const PINNED = {
  express: "5.3.0",
  pg: "8.23.1",
  bullmq: "6.7.0",
  ioredis: "5.9.3",
  "graphile-worker": "0.17.3",
  "pg-boss": "10.4.2",
};

/**
 * The versions that are installed, and what is wrong with them.
 *
 * @returns {{ versions: Record<string, string>, faults: string[] }}
 */
export function findVersions() {
  const versions = {};
  const faults = [];
  for (const [name, pinned] of Object.entries(PINNED)) {
    versions[name] = installedVersion(name) ?? "missing";
    if (versions[name] !== pinned)
      faults.push(`${name} is ${versions[name]}, the bench is written for ${pinned}: run \`npm ci\``);
  }
  return { versions, faults };
}

// Not through `<name>/package.json`: a package may leave that out of its exports.
function installedVersion(name) {
  const require = createRequire(import.meta.url);
  const found = (require.resolve.paths(name) ?? [])
    .map((folder) => join(folder, name, "package.json"))
    .find((file) => existsSync(file));
  return found === undefined ? null : JSON.parse(readFileSync(join(dirname(found), "package.json"), "utf8")).version;
}
