import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "pg";
import { beforeAll, expect, it, onTestFinished } from "vitest";
import type { RunningCli } from "../support/cli.ts";
import { startCli, whenReady } from "../support/cli.ts";
import type { TestDatabase } from "../support/database.ts";
import { testDatabase } from "../support/database.ts";
import { testFolder } from "../support/folder.ts";
import { SECRET, faultOf, post, postBytes, stripeEvent, until } from "../support/ingest-gateway.ts";
import type { RawAnswer, RawConnection } from "../support/raw-http.ts";
import { chunkBytes, openRaw, requestBytes } from "../support/raw-http.ts";

const PROCESSES = 8;
const CONNECTIONS = 8;
const IDS = 30;

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
  return () => database.drop();
});

// One key for all of them, as a fleet on one database has.
const SECRET_KEY = randomBytes(32).toString("base64");

const CONFIG = `export default {
  sources: {
    payments: { provider: "stripe", key: "payments-key", secrets: ["${SECRET}"] },
    large: { provider: "stripe", key: "large-source-key", secrets: ["${SECRET}"], bodyBytesMax: 26214400 },
  },
  destinations: { billing: { url: "https://billing.example/webhooks" } },
  routes: [{ source: "payments", destination: "billing" }],
};`;

interface Process {
  readonly cli: RunningCli;
  readonly url: string;
  readonly pid: number;
}

/** A gateway of its own, as an operator starts it, that takes in and does nothing else. */
async function startProcess(): Promise<Process> {
  const folder = testFolder();
  writeFileSync(join(folder, "holdfast.config.mjs"), CONFIG);
  const args = ["start", "--json", "--role", "ingest", "--port", "0", "--data-dir", join(folder, "data")];
  const env = {
    DATABASE_URL: database.url,
    HOLDFAST_SECRET_KEY: SECRET_KEY,
    HOLDFAST_INGEST_DATABASE_CONNECTIONS: "2",
    HOLDFAST_ADMIN_DATABASE_CONNECTIONS: "1",
    // Bodies that are being read may then hold 100 MiB together.
    HOLDFAST_INGEST_QUEUE_BYTES_MAX: "8388608",
    HOLDFAST_LOG_LEVEL: "warn",
    // Eight of them are more than a small machine can do at once, and here nobody shall be refused for it.
    HOLDFAST_OVERLOAD_CONTROLLER: "off",
  };
  const cli = startCli([...args, "--config", join(folder, "holdfast.config.mjs")], { cwd: folder, env });
  const { ingestUrl } = await whenReady(cli);
  return { cli, url: ingestUrl, pid: cli.process.pid! };
}

async function asAdmin<Row extends Record<string, unknown>>(text: string): Promise<Row[]> {
  const client = new Client({ connectionString: database.adminUrl });
  await client.connect();
  try {
    return (await client.query<Row>(text)).rows;
  } finally {
    await client.end();
  }
}

it("the same ids at once in eight processes are one event and one delivery each, and every ack names that event (F68)", async () => {
  const processes = await Promise.all(Array.from({ length: PROCESSES }, startProcess));
  const acks = new Map<string, Set<string>>();
  const kinds = { recorded: 0, duplicate: 0 };
  const run = async (url: string, at: number): Promise<void> => {
    const connection = await openRaw(url);
    for (let i = 0; i < IDS; i++) {
      // Everybody goes through the ids in nearly the same order, so that copies meet.
      const id = `evt_race_${i ^ (at & 1)}`;
      await connection.send(postBytes(stripeEvent(id)));
      const answer = await connection.answer();
      expect([answer.status, answer.body]).toEqual([200, ""]);
      kinds[answer.headers["holdfast-duplicate"] === "true" ? "duplicate" : "recorded"]++;
      acks.set(id, (acks.get(id) ?? new Set()).add(answer.headers["holdfast-event"] ?? ""));
    }
    connection.end();
  };
  await Promise.all(processes.flatMap(({ url }) => Array.from({ length: CONNECTIONS }, (_, at) => run(url, at))));
  expect(kinds).toEqual({ recorded: IDS, duplicate: PROCESSES * CONNECTIONS * IDS - IDS });
  expect([...acks.values()].map((events) => events.size)).toEqual(Array.from({ length: IDS }, () => 1));
  const [row] = await asAdmin(
    `select count(*)::int as events, count(distinct provider_event_id)::int as ids,
            (select count(*)::int from holdfast.delivery) as deliveries,
            (select count(*)::int from holdfast.dedupe) as lines,
            (select sum(count)::int from holdfast.duplicate) as duplicates
       from holdfast.event`,
  );
  const duplicates = kinds.duplicate;
  expect(row).toEqual({ events: IDS, ids: IDS, deliveries: IDS, lines: IDS, duplicates });
  const ends = await Promise.all(processes.map(({ cli }) => cli.stop()));
  expect(ends.map(({ code }) => code)).toEqual(ends.map(() => 0));
});

const rssMib = (pid: number): number =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]) / 1_024;

// Reads /proc.
it.skipIf(process.platform !== "linux")(
  "fifty chunked bodies of 30 MiB at once, some to a source that takes 25 MiB, leave memory bounded",
  async () => {
    const { url, pid } = await startProcess();
    await post(url, stripeEvent("evt_warm"));
    const block = chunkBytes(Buffer.alloc(1_048_576, 120));
    let peakMib = 0;
    let told = 0;
    let onAllTold = (): void => {};
    // Those over their source's bound are told so before the others take all the room that there is: then 503 would be right, too.
    const allTold = new Promise<void>((resolve) => {
      onAllTold = resolve;
    });
    const flood = async (at: number): Promise<RawAnswer> => {
      const connection = await openRaw(url);
      const key = at % 2 === 0 ? "payments-key" : "large-source-key";
      await connection.send(requestBytes(`POST /in/${key}`, [["transfer-encoding", "chunked"]]));
      const answer = connection.answer();
      if (at % 2 === 1) await allTold;
      for (let i = 0; i < 30; i++) {
        await connection.send(block);
        if (i === 1 && at % 2 === 0 && (await answer) && ++told === 25) onAllTold();
        peakMib = Math.max(peakMib, rssMib(pid));
      }
      return answer.finally(() => connection.end());
    };
    const answers = await Promise.all(Array.from({ length: 50 }, (_, at) => flood(at)));
    const statuses = answers.map((answer) => answer.status);
    expect(statuses.filter((_, at) => at % 2 === 0)).toEqual(Array.from({ length: 25 }, () => 413));
    // Larger than it may be, or no room for it just now: both say so.
    expect(statuses.filter((_, at) => at % 2 === 1 && ![413, 503].includes(statuses[at]!))).toEqual([]);
    // The 100 MiB, the process, and bytes that the collector has not fetched yet (437 measured); 1,500 were sent.
    expect(peakMib).toBeLessThan(600);
    expect((await post(url, stripeEvent("evt_after_flood"))).status).toBe(200);
  },
);

it("bodies that their senders hold back share one bound: who finds no room is told to come again", async () => {
  const { url } = await startProcess();
  const block = chunkBytes(Buffer.alloc(1_048_576, 120));
  const connections = await Promise.all(Array.from({ length: 10 }, () => openRaw(url)));
  onTestFinished(() => connections.forEach((connection) => connection.end()));
  const refused: RawAnswer[] = [];
  const enough = new Promise<void>((resolve) => {
    for (const connection of connections) {
      const hear = (answer: RawAnswer): void => {
        if (answer.status === 503 && refused.push(answer) === 6) resolve();
      };
      connection.answer().then(hear, () => {});
    }
  });
  const hold = async (connection: RawConnection): Promise<void> => {
    await connection.send(requestBytes("POST /in/large-source-key", [["transfer-encoding", "chunked"]]));
    for (let i = 0; i < 24; i++) await connection.send(block);
  };
  await Promise.all([enough, ...connections.map(hold)]);
  for (const answer of refused) {
    expect([faultOf(answer), Number(answer.headers["retry-after"]) > 0]).toEqual(["overloaded", true]);
  }
});

it("a body of 25 MiB is taken where its source allows it, byte for byte", async () => {
  const { url } = await startProcess();
  const bare = stripeEvent("evt_large", { pad: "" }, "large-source-key").body.length;
  const webhook = stripeEvent("evt_large", { pad: "y".repeat(26_214_400 - bare) }, "large-source-key");
  expect((await post(url, webhook)).status).toBe(200);
  const [row] = await asAdmin(
    "select octet_length(body) as size, sha256(body) = body_sha256 as same from holdfast.event where provider_event_id = 'evt_large'",
  );
  expect(row).toEqual({ size: 26_214_400, same: true });
});

// Of util-linux: changes the limits of a process that runs.
const PRLIMIT = ["/usr/bin/prlimit", "/bin/prlimit"].find((path) => existsSync(path));

it.skipIf(PRLIMIT === undefined)(
  "a process without a free file descriptor goes on, and takes connections again when there are some (F12)",
  async () => {
    const { cli, url, pid } = await startProcess();
    const open = execFileSync("ls", [`/proc/${pid}/fd`])
      .toString()
      .trim()
      .split("\n").length;
    execFileSync(PRLIMIT!, [`--pid=${pid}`, `--nofile=${open + 12}`]);
    const connections: RawConnection[] = [];
    onTestFinished(() => connections.forEach((connection) => connection.end()));
    for (let i = 0; i < 40; i++) connections.push(await openRaw(url));
    // Those that are beyond the limit are dropped or wait; the process is what matters.
    for (const connection of connections.splice(0)) connection.end();
    await until(async () => {
      const answer = await post(url, stripeEvent("evt_descriptors")).catch(() => null);
      return answer?.status === 200;
    });
    expect(cli.process.exitCode).toBe(null);
  },
);
