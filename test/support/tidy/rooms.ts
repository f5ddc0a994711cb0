import { posix } from "node:path";
import type { Check } from "./tree.ts";
import { isCode } from "./tree.ts";
import { syntaxOf } from "./syntax.ts";

const GATEWAY = "gateway/src/";

/** Who may import whom. A room is a folder of gateway/src, or a file that stands there alone. */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  platform: ["domain"],
  store: ["domain", "platform"],
  pipeline: ["domain", "store", "platform", "@holdfast/verify"],
  engine: ["domain", "pipeline", "store", "platform"],
  recovery: ["domain", "pipeline", "store", "platform"],
  http: ["domain", "pipeline", "recovery", "store", "platform"],
  config: ["domain", "platform", "@holdfast/verify"],
  cli: ["domain", "platform", "config", "@holdfast/client", "main", "maintain"],
};

// These put the others together; nothing but the command line and the package's door may import them.
const STORIES = ["boot", "main", "maintain", "index"];

// `holdfast verify` judges a captured file by itself, without a gateway that runs: it is the library as a command.
const VERIFY_COMMAND = /^gateway\/src\/cli\/(?:captured-request|verify-receiver|commands\/verify)\.ts$/;

/** Where each dependency lives: a second user would be a second policy. */
const HOMES: Readonly<Record<string, string | readonly string[]>> = {
  "@hono/node-server": "http",
  "@hono/zod-openapi": "http",
  "@marcbachmann/cel-js": "platform",
  "@octokit/rest": "recovery",
  commander: "cli",
  croner: "platform",
  hono: "http",
  "ipaddr.js": "platform",
  jiti: "config",
  nodemailer: "platform",
  "openid-client": "platform",
  pg: "store",
  "pg-copy-streams": "store",
  picocolors: "cli",
  pino: "platform",
  "prom-client": "platform",
  stripe: "recovery",
  undici: "platform",
  zod: ["http", "store"],
};

/** Imports keep to the allow-list between rooms, and each dependency to its home. */
export const checkRooms: Check = (files) =>
  files
    .filter((file) => isCode(file.path) && /^(gateway|verify|client)\/src\//.test(file.path))
    .flatMap((file) =>
      syntaxOf(file).imports.flatMap(({ specifier, line }) => {
        const fault = judge(file.path, specifier);
        return fault === null ? [] : [`${file.path}:${line}: ${fault}`];
      }),
    );

function judge(path: string, specifier: string): string | null {
  if (specifier.startsWith("node:")) return null;
  if (specifier.startsWith("."))
    return judgeRelative(path, posix.normalize(posix.join(posix.dirname(path), specifier)));
  if (!path.startsWith(GATEWAY)) return `imports ${specifier}, but this package has no dependencies`;
  const room = roomOf(path);
  const isStory = STORIES.includes(room);
  if (specifier.startsWith("@holdfast/")) {
    if (specifier === "@holdfast/verify" && VERIFY_COMMAND.test(path)) return null;
    return isStory || ROOMS[room]?.includes(specifier) ? null : `room ${room} may not import ${specifier}`;
  }
  const home = HOMES[packageOf(specifier)];
  if (home === undefined) return `imports ${specifier}, which has no home in the list of dependencies`;
  return [home].flat().includes(room)
    ? null
    : `imports ${specifier}, which lives in room ${[home].flat().join(" or ")}`;
}

function judgeRelative(path: string, target: string): string | null {
  const workspace = `${path.split("/")[0]}/src/`;
  if (!target.startsWith(workspace)) return `imports ${target} from outside of its package`;
  if (!path.startsWith(GATEWAY)) return null;
  const from = roomOf(path);
  const to = roomOf(target);
  if (from === to || to === "version" || STORIES.includes(from)) return null;
  const allowed = ROOMS[from];
  if (allowed === undefined) return `room ${from} is not in the list of rooms`;
  return allowed.includes(to) ? null : `room ${from} may not import ${to} (${target})`;
}

function roomOf(path: string): string {
  const first = path.slice(GATEWAY.length).split("/")[0]!;
  return first.replace(/\.ts$/, "");
}

function packageOf(specifier: string): string {
  const parts = specifier.split("/");
  return specifier.startsWith("@") ? parts.slice(0, 2).join("/") : parts[0]!;
}
