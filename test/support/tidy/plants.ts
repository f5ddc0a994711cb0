import { checkFileLengths, checkFunctionLengths } from "./budgets.ts";
import { checkDoors, checkNames, checkRoot } from "./names.ts";
import { checkNetwork } from "./network.ts";
import { checkLock, checkOrigins } from "./origins.ts";
import { checkNoDependencies, checkPins } from "./packages.ts";
import { checkRooms } from "./rooms.ts";
import { checkSql } from "./sql.ts";
import { checkTests } from "./test-code.ts";
import type { Check } from "./tree.ts";
import { checkProse, checkWords } from "./words.ts";

/** A file with its text, planted into an empty tree. */
type Plant = readonly [path: string, text: string];

const G = "gateway/src";
const lines = (count: number): string => Array.from({ length: count }, (_, i) => `const a${i} = ${i};`).join("\n");
const longFunction = (count: number): string => `function long() {\n${lines(count - 2)}\n}\n`;
// In parts, so that the rules do not find them here.
const machinePath = ["", "home", "ann", "holdfast"].join("/");
const registry = ["https://registry", "npmjs", "org/pg"].join(".");

/** For each check what it must find, one fault a plant, and what it must let pass. */
export const CASES: readonly (readonly [
  name: string,
  check: Check,
  faults: readonly Plant[],
  clean: readonly Plant[],
])[] = [
  [
    "rooms",
    checkRooms,
    [
      [`${G}/domain/a.ts`, 'import { log } from "../platform/log.ts";'],
      [`${G}/domain/a.ts`, 'import type { Log } from "../platform/log.ts";'],
      [`${G}/domain/a.ts`, 'import { z } from "zod";'],
      [`${G}/platform/a.ts`, 'import { db } from "../store/database.ts";'],
      [`${G}/store/a.ts`, 'import { ingest } from "../pipeline/ingest.ts";'],
      [`${G}/pipeline/a.ts`, 'import { startEngine } from "../engine/start-engine.ts";'],
      [`${G}/engine/a.ts`, 'import { verify } from "@holdfast/verify";'],
      [`${G}/recovery/a.ts`, 'const x = await import("../http/ingest-door.ts");'],
      [`${G}/http/a.ts`, 'export { wake } from "../engine/wake.ts";'],
      [`${G}/cli/a.ts`, 'import { openDatabase } from "../store/database.ts";'],
      [`${G}/engine/a.ts`, 'import { startGateway } from "../main.ts";'],
      [`${G}/http/a.ts`, 'import pg from "pg";'],
      [`${G}/http/a.ts`, 'import _ from "lodash";'],
      [`${G}/odd/a.ts`, 'import { x } from "../domain/x.ts";'],
      [`${G}/http/a.ts`, 'import { x } from "../../test/support/database.ts";'],
      ["verify/src/a.ts", 'import { x } from "../../gateway/src/domain/id.ts";'],
      ["verify/src/a.ts", 'import Stripe from "stripe";'],
      ["client/src/a.ts", 'import { verify } from "@holdfast/verify";'],
    ],
    [
      [`${G}/pipeline/a.ts`, 'import { verify } from "@holdfast/verify";\nimport { x } from "../store/x.ts";'],
      [`${G}/cli/a.ts`, 'import { createApi } from "@holdfast/client";\nimport { start } from "../main.ts";'],
      [`${G}/main.ts`, 'import { x } from "./engine/x.ts";\nimport { y } from "./http/y.ts";'],
      [`${G}/domain/a.ts`, 'import { createHash } from "node:crypto";\nimport { b } from "./b.ts";'],
      ["gateway/test/a.test.ts", 'import pg from "pg";\nimport { x } from "../src/store/x.ts";'],
    ],
  ],
  [
    "SQL",
    checkSql,
    [
      [`${G}/recovery/a.ts`, "const a = `SELECT id FROM holdfast.event WHERE id = $1`;"],
      [`${G}/http/a.ts`, 'const a = "select pg_backend_pid()";'],
      [`${G}/pipeline/a.ts`, "const a = `INSERT INTO ${table} (id) VALUES ($1)`;"],
      [`${G}/pipeline/a.ts`, 'const a = "update holdfast.delivery d set state = 1";'],
      [`${G}/engine/a.ts`, 'client.query("BEGIN");'],
      [`${G}/engine/a.ts`, 'client.query("LISTEN wake");'],
      [`${G}/cli/a.ts`, 'const a = "DELETE FROM event";'],
      [`${G}/http/a.ts`, 'const a = "CREATE TABLE a (b int)";'],
      ["verify/src/a.ts", 'const a = "SELECT $1::int";'],
    ],
    [
      [`${G}/store/a.ts`, "const a = `SELECT id FROM holdfast.event`;"],
      [`${G}/cli/a.ts`, 'const a = "Select a source, then send an event from it";\nconst b = "Update the file";'],
      [`${G}/http/a.ts`, 'const a = "delete";\nconst b = "Begin here";\nconst c = "set by the operator";'],
    ],
  ],
  [
    "network",
    checkNetwork,
    [
      [`${G}/pipeline/a.ts`, 'await fetch("https://x.example");'],
      [`${G}/pipeline/a.ts`, 'await globalThis.fetch("https://x.example");'],
      [`${G}/recovery/a.ts`, 'import { request } from "node:https";'],
      [`${G}/recovery/a.ts`, 'import http from "node:http";'],
      [`${G}/platform/a.ts`, 'import { Agent } from "undici";'],
      [`${G}/engine/a.ts`, 'import { createServer } from "node:http";'],
      [`${G}/pipeline/a.ts`, 'import { connect } from "node:net";'],
      [`${G}/http/a.ts`, 'const socket = new WebSocket("wss://x.example");'],
      ["verify/src/a.ts", 'await fetch("https://x.example");'],
    ],
    [
      [`${G}/platform/egress/a.ts`, 'import { Agent } from "undici";\nimport { connect } from "node:tls";'],
      [
        `${G}/http/a.ts`,
        'import { createServer } from "node:http";\nimport type { IncomingMessage } from "node:http";',
      ],
      ["client/src/a.ts", 'await fetch("https://x.example");'],
      [`${G}/pipeline/a.ts`, "function prefetch() {}\nprefetch();"],
    ],
  ],
  [
    "file length",
    checkFileLengths,
    [
      ["gateway/test/a.test.ts", lines(301)],
      ["gateway/migrations/0009_x.sql", "--\n".repeat(301)],
    ],
    [
      [`${G}/domain/a.ts`, `${lines(300)}\n`],
      ["docs/a.md", "x\n".repeat(400)],
    ],
  ],
  [
    "function length",
    checkFunctionLengths,
    [
      [`${G}/domain/a.ts`, longFunction(61)],
      [`${G}/domain/a.ts`, `const long = () => {\n${lines(59)}\n};`],
      [`${G}/domain/a.ts`, `const o = { long() {\n${lines(59)}\n} };`],
    ],
    [
      [`${G}/domain/a.ts`, longFunction(60)],
      [`${G}/domain/a.ts`, longFunction(60).replace("{", `{\n${"// why\n".repeat(9)}`)],
      ["gateway/test/a.test.ts", longFunction(90)],
    ],
  ],
  [
    "names",
    checkNames,
    [
      [`${G}/domain/RetryPolicy.ts`, ""],
      [`${G}/domain/retry_policy.ts`, ""],
      [`${G}/utils/retry.ts`, ""],
      [`${G}/domain/string-helpers.ts`, ""],
      [`${G}/domain/types.ts`, ""],
      [`${G}/engine/lease-manager.ts`, ""],
      [`${G}/misc.ts`, ""],
    ],
    [
      [`${G}/domain/event-type.ts`, ""],
      ["gateway/migrations/0001_foundation.sql", ""],
      ["CONTRIBUTING.md", ""],
      ["docs/decisions/0001-buckets.md", ""],
    ],
  ],
  [
    "doors",
    checkDoors,
    [
      [`${G}/domain/index.ts`, "export const a = 1;"],
      [`${G}/domain/all.ts`, 'export * from "./id.ts";'],
      [`${G}/domain/all.ts`, 'export { a } from "./id.ts";\nexport const b = 1;'],
    ],
    [
      ["verify/src/index.ts", 'export { verify } from "./verify.ts";'],
      [`${G}/domain/a.ts`, "export const a = 1;\nexport type { B };"],
    ],
  ],
  ["root", checkRoot, [["notes.txt", "x"]], [["README.md", "x"]]],
  [
    "words",
    checkWords,
    [
      [`${G}/engine/job-queue.ts`, ""],
      [`${G}/engine/a.ts`, "const nextJob = 1;"],
      [`${G}/engine/a.ts`, "function run(task: string) {}"],
      [`${G}/engine/a.ts`, "interface A { readonly endpointUrl: string }"],
      [`${G}/engine/a.ts`, "type Message = { id: string };"],
      [`${G}/engine/a.ts`, "function send({ a: messages }: X) {}"],
      [`${G}/engine/a.ts`, "const { onHook } = options;"],
      [`${G}/engine/a.ts`, "function answerHookSecret() {}"],
      ["verify/src/handshakes/asana.ts", "function answerHook() {}"],
      [`${G}/http/a.ts`, 'app.get("/api/v1/endpoints", list);'],
      ["gateway/migrations/0009_x.sql", "-- x\nCREATE TABLE holdfast.task (id uuid);"],
      [`${G}/store/a.ts`, "const a = `SELECT job_id FROM holdfast.delivery`;"],
    ],
    [
      [`${G}/engine/a.ts`, "const webhookSecret = 1;\nconst { message } = error;\nconst hookah = error.message;"],
      [`${G}/engine/a.ts`, 'process.on("message", (value) => value);\nqueue.jobs.endpoint();'],
      [`${G}/engine/a.ts`, "interface Fault { readonly message: string }\nconst startMessage = 1;"],
      ["verify/src/handshakes/asana.ts", "function answerHookSecret() {}"],
      [
        "gateway/migrations/0009_x.sql",
        "-- the main job\nCREATE TABLE holdfast.event (kind text CHECK (kind = 'job'));",
      ],
    ],
  ],
  [
    "prose",
    checkProse,
    [
      ["README.md", "Add an endpoint."],
      ["docs/a.md", "Each job is a delivery"],
      ["docs/a.md", "Our event hooks are in `a/hooks`."],
    ],
    [
      ["README.md", "A webhook. The main job. `POST /endpoints` of others.\n```\nendpoint\n```"],
      ["docs/decisions/0001-x.md", "River calls it a job."],
      ["docs/a.md", "Okta event hooks; from okta/docs/event-hooks/index.md"],
    ],
  ],
  [
    "tests",
    checkTests,
    [
      ["gateway/test/a.test.ts", 'it.only("x", () => {});'],
      ["gateway/test/a.test.ts", 'describe.skip("x", () => {});'],
      ["gateway/test/a.test.ts", 'test.concurrent.skip("x", () => {});'],
      ["test/a.test.ts", 'it.todo("x");'],
      ["verify/test/a.test.ts", 'it.skip.each([1])("x", () => {});'],
    ],
    [["gateway/test/a.test.ts", 'it.skipIf(isRoot)("x", () => { list.only("y"); });']],
  ],
  [
    "origins",
    checkOrigins,
    [
      ["docs/a.md", `see ${machinePath}/x`],
      [`${G}/domain/a.ts`, `const a = "${machinePath}";`],
      ["package-lock.json", `"resolved": "${registry}"`],
    ],
    [["docs/a.md", "https://x.example/home/page, ./work/x, src/root/x and ~/work/x"]],
  ],
  [
    "lock",
    checkLock,
    [
      [
        "package-lock.json",
        JSON.stringify({ packages: { "node_modules/a": { resolved: "https://x.example/a.tgz" } } }),
      ],
    ],
    [["package-lock.json", JSON.stringify({ packages: { "node_modules/a": { resolved: "a", link: true }, b: {} } })]],
  ],
  [
    "pins",
    checkPins,
    [
      ["package.json", '{ "devDependencies": { "a": "^1.0.0" } }'],
      ["gateway/package.json", '{ "dependencies": { "a": "latest" } }'],
      ["gateway/package.json", '{ "optionalDependencies": { "a": "1.x" } }'],
      ["package.json", '{ "overrides": { "a": ">=1.0.0" } }'],
    ],
    [["package.json", '{ "dependencies": { "a": "1.2.3", "b": "18.4.0-beta.17" } }']],
  ],
  [
    "libraries without dependencies",
    checkNoDependencies,
    [
      ["verify/package.json", '{ "dependencies": { "a": "1.0.0" } }'],
      ["client/package.json", '{ "peerDependencies": { "a": "1.0.0" } }'],
    ],
    [["gateway/package.json", '{ "dependencies": { "a": "1.0.0" } }']],
  ],
];
