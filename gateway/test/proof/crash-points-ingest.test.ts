import { beforeAll, expect, it, onTestFinished } from "vitest";
import { someoneWaits } from "../support/database.ts";
import type { CrashPoint } from "../support/crash-points.ts";
import { findStep, heal, strikeAt } from "../support/crash-points.ts";
import type { Desk } from "../support/delivery-gateway.ts";
import { SOURCE_SECRET, openDesk } from "../support/delivery-gateway.ts";
import type { FaultProxy } from "../support/fault-proxy.ts";
import { simpleQuery, startFaultProxy } from "../support/fault-proxy.ts";
import type { SignedWebhook } from "../support/ingest-gateway.ts";
import { post, postBytes, signedWebhook, until } from "../support/ingest-gateway.ts";
import { exchangeRaw, openRaw, requestBytes } from "../support/raw-http.ts";
import type { WorkerProcess } from "../support/worker-process.ts";
import { startWorkerProcess } from "../support/worker-process.ts";

const KEY = "payments-key";
const OPTIONS = {
  destinations: { billing: { url: "https://billing.example/webhooks" } },
  routes: [{ source: "payments", destination: "billing" }],
};

const webhook = (id: string): SignedWebhook => {
  const body = JSON.stringify({ id, object: "event", type: "invoice.paid", created: 1_700_000_000 });
  return signedWebhook({ provider: "stripe", key: KEY, secret: SOURCE_SECRET, body });
};

interface Bench {
  readonly desk: Desk;
  readonly proxy: FaultProxy;
  /** A door behind the proxy. */
  readonly victim: WorkerProcess;
  /** Events, deliveries and lines of the ledger. */
  stored(): Promise<readonly [events: number, deliveries: number, lines: number]>;
  startDoor(databaseUrl?: string): Promise<WorkerProcess>;
}

async function openBench(): Promise<Bench> {
  const desk = await openDesk();
  const proxy = await startFaultProxy(desk.database.url);
  onTestFinished(() => proxy.close());
  const startDoor = (databaseUrl = desk.database.url): Promise<WorkerProcess> =>
    startWorkerProcess(desk, { ...OPTIONS, databaseUrl, roles: ["ingest"] });
  return {
    desk,
    proxy,
    victim: await startDoor(proxy.url),
    startDoor,
    stored: async () => {
      const count = "SELECT count(*)::int AS n FROM holdfast.";
      const rows = await Promise.all(["event", "delivery", "dedupe"].map((t) => desk.query<{ n: number }>(count + t)));
      return rows.map(([row]) => row!.n) as unknown as readonly [number, number, number];
    },
  };
}

/** What a sender got: a status, or `nothing` when the connection ended before a whole answer. */
const send = (url: string, of: SignedWebhook): Promise<number | "nothing"> =>
  post(url, of).then(
    ({ status }) => status,
    () => "nothing",
  );

async function repeatEndsInOne(bench: Bench, of: SignedWebhook, wasStored: boolean): Promise<void> {
  heal(bench.proxy);
  const next = await bench.startDoor();
  const answer = await post(next.ingestUrl, of);
  expect([answer.status, answer.headers["holdfast-duplicate"]]).toEqual([200, wasStored ? "true" : undefined]);
  expect(await bench.stored()).toEqual([1, 1, 1]);
}

let sent: SignedWebhook;
beforeAll(() => {
  sent = webhook("evt_crash");
});

it.each([
  ["after its headers", (bytes: Buffer) => bytes.subarray(0, bytes.indexOf("\r\n\r\n") + 4)],
  ["in the middle of its body", (bytes: Buffer) => bytes.subarray(0, bytes.length - 20)],
])("a door that is killed %s has stored nothing and answered nothing (F01)", async (_when, part) => {
  const bench = await openBench();
  const connection = await openRaw(bench.victim.ingestUrl);
  onTestFinished(() => connection.end());
  await connection.send(part(postBytes(sent)));
  // Once this is answered the other's bytes have been read, too.
  expect((await exchangeRaw(bench.victim.ingestUrl, requestBytes("POST /in/unknown-source-key"))).status).toBe(404);
  bench.victim.signal("SIGKILL");
  expect((await connection.closed).rest).toBe("");
  expect(await bench.stored()).toEqual([0, 0, 0]);
  await repeatEndsInOne(bench, sent, false);
});

it.each<[when: string, point: CrashPoint, stored: boolean]>([
  ["verified and about to begin (F01)", { pool: "ingest", at: "BEGIN" }, false],
  ["before the line of the ledger (F01)", { pool: "ingest", at: "claim_keys" }, false],
  ["before the event's row (F02)", { pool: "ingest", at: "insert_events" }, false],
  ["between the event's row and its deliveries (F02)", { pool: "ingest", at: "insert_deliveries" }, false],
  ["before COMMIT leaves (F03)", { pool: "ingest", at: "COMMIT" }, false],
  ["after COMMIT left, before its answer (F03, F04)", { pool: "ingest", at: "COMMIT", answered: true }, true],
])(
  "a door that is killed %s answers nothing, stores all or nothing, and the repeat is one event",
  async (_w, point, stored) => {
    const bench = await openBench();
    const { struck } = strikeAt(bench.proxy, point, () => bench.victim.signal("SIGKILL"));
    expect(await send(bench.victim.ingestUrl, sent)).toBe("nothing");
    await struck;
    // The server rolls back when it sees that nobody is there any more.
    await until(async () => {
      const [row] = await bench.desk.query<{ n: number }>(
        "SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = 'holdfast ingest' AND datname = current_database()",
      );
      return row!.n === 0;
    });
    expect(await bench.stored()).toEqual(stored ? [1, 1, 1] : [0, 0, 0]);
    await repeatEndsInOne(bench, sent, stored);
  },
);

it("no answer leaves while COMMIT is unanswered, however long that takes (F05)", async () => {
  const bench = await openBench();
  let committed: () => void = () => {};
  const isCommitting = new Promise<void>((resolve) => (committed = resolve));
  bench.proxy.toServer = (bytes, wire) => {
    if (wire.name !== "holdfast ingest" || findStep(bytes, "COMMIT") < 0) return bytes;
    bench.proxy.freeze();
    committed();
    return bytes;
  };
  const connection = await openRaw(bench.victim.ingestUrl);
  onTestFinished(() => connection.end());
  let status: number | null = null;
  const answered = connection.answer().then((answer) => (status = answer.status));
  await connection.send(postBytes(sent));
  await isCommitting;
  // Whatever the door has to say it says before it answers these.
  for (let i = 0; i < 5; i++)
    expect((await exchangeRaw(bench.victim.ingestUrl, requestBytes("POST /in/unknown-source-key"))).status).toBe(404);
  expect(status).toBe(null);
  bench.proxy.toServer = null;
  bench.proxy.thaw();
  expect(await answered).toBe(200);
  expect(await bench.stored()).toEqual([1, 1, 1]);
});

it("who waits for the winner of a race for an id becomes the event when the winner is killed (F69)", async () => {
  const bench = await openBench();
  const other = await bench.startDoor();
  const { struck } = strikeAt(bench.proxy, { pool: "ingest", at: "COMMIT" }, () => {});
  const won = send(bench.victim.ingestUrl, sent);
  await struck;
  // The winner's line is written and not committed: this one waits for it.
  const waiting = post(other.ingestUrl, sent);
  await until(() => someoneWaits(bench.desk.db, { locktype: "transactionid" }));
  bench.victim.signal("SIGKILL");
  expect(await won).toBe("nothing");
  const answer = await waiting;
  expect([answer.status, answer.headers["holdfast-duplicate"]]).toEqual([200, undefined]);
  expect(await bench.stored()).toEqual([1, 1, 1]);
});

it("a door that stood still while its connection died acknowledges only what it has recorded since (F11)", async () => {
  const bench = await openBench();
  const { struck } = strikeAt(bench.proxy, { pool: "ingest", at: "COMMIT" }, () => bench.victim.signal("SIGSTOP"));
  const answer = send(bench.victim.ingestUrl, sent);
  await struck;
  await bench.proxy.stop();
  heal(bench.proxy);
  await until(async () => {
    const rows = await bench.desk.query(
      "SELECT 1 FROM pg_stat_activity WHERE application_name = 'holdfast ingest' AND datname = current_database()",
    );
    return rows.length === 0;
  });
  expect(await bench.stored()).toEqual([0, 0, 0]);
  await bench.proxy.start();
  bench.victim.signal("SIGCONT");
  const status = await answer;
  expect([200, 503]).toContain(status);
  if (status === 200) expect(await bench.stored()).toEqual([1, 1, 1]);
  // And the same door goes on, over connections of its own.
  await until(async () => (await send(bench.victim.ingestUrl, sent)) === 200);
  expect(await bench.stored()).toEqual([1, 1, 1]);
});

it("the reader of steps finds a statement by its name, alone or behind others, and no other", () => {
  const bind = Buffer.from("B\0\0\0\x12\0insert_events\0", "latin1");
  bind.writeInt32BE(bind.length - 1, 1);
  const both = Buffer.concat([simpleQuery("BEGIN"), bind, simpleQuery("COMMIT")]);
  expect(findStep(both, "BEGIN")).toBe(0);
  expect(findStep(both, "insert_events")).toBe(simpleQuery("BEGIN").length);
  expect(findStep(both, "COMMIT")).toBe(simpleQuery("BEGIN").length + bind.length);
  expect([findStep(both, "insert_event"), findStep(both, "COMM"), findStep(Buffer.from("B\0"), "BEGIN")]).toEqual([
    -1, -1, -1,
  ]);
});
