import { randomBytes } from "node:crypto";
import { expect, onTestFinished, test } from "vitest";
import type { Handler, HandlerTransaction } from "../../src/domain/handler.ts";
import { isTransactionControl } from "../../src/store/handler-transaction.ts";
import { startDeliveries } from "../support/delivery-gateway.ts";
import { ledger, openLedger } from "../support/effect-ledger.ts";
import { query, until } from "../support/embedded.ts";
import { startReceiver } from "../support/receiver.ts";

const PROCESSED = { state: "processed", reason: null };

test("a handler's writes and `processed` commit together, and it is told what it needs", async () => {
  const desk = await openLedger();
  const keep: Handler = async (event, tx) => {
    const { idempotencyKey, deliveryId, attempt, trigger, source, type } = event;
    await tx.query("INSERT INTO public.effect VALUES ($1)", [
      JSON.stringify({ same: idempotencyKey === deliveryId, attempt, trigger, source, type, json: event.json() }),
    ]);
    // Not visible before it returns.
    expect(await desk.effects()).toEqual([]);
  };
  await startDeliveries(desk, { ...ledger, handlers: { keep } });
  const [id] = await desk.record({ to: ["ledger"], type: "invoice.paid", body: Buffer.from('{"n":1}') });
  expect(await desk.finished(id!)).toEqual({ ...PROCESSED, attempt: 1 });
  expect((await desk.effects()).map((text) => JSON.parse(text) as unknown)).toEqual([
    { same: true, attempt: 1, trigger: "live", source: "payments", type: "invoice.paid", json: { n: 1 } },
  ]);
});

test("a handler that changes the body in place changes it for no other delivery of the event", async () => {
  const desk = await openLedger();
  const destinations = { one: { handler: "keep" }, two: { handler: "stuck" }, three: { handler: "poison" } };
  await (await startDeliveries(desk, { destinations })).gateway.drain();
  const decipher: Handler = async (event, tx) => {
    const came = Buffer.from(event.body).toString();
    event.body.fill(0x20);
    await tx.query("INSERT INTO public.effect VALUES ($1)", [came]);
  };
  // Recorded while nobody delivers: claimed together, and read once for all of them.
  const ids = await desk.record({ to: ["one", "two", "three"], body: Buffer.from("as it came") });
  await startDeliveries(desk, { handlers: { keep: decipher, stuck: decipher, poison: decipher } });
  for (const id of ids) expect(await desk.finished(id)).toEqual({ ...PROCESSED, attempt: 1 });
  expect(await desk.effects()).toEqual(["as it came", "as it came", "as it came"]);
});

test("a throw, a swallowed database error and a constraint that fails at COMMIT roll everything back and are tried again", async () => {
  const desk = await openLedger();
  await desk.query("CREATE TABLE public.parent (id int PRIMARY KEY)");
  await desk.query("CREATE TABLE public.child (id int REFERENCES public.parent DEFERRABLE INITIALLY DEFERRED)");
  const { attemptLines } = await startDeliveries(desk, {
    ...ledger,
    handlers: {
      keep: async ({ attempt }, tx) => {
        await tx.query("INSERT INTO public.effect VALUES ($1)", [String(attempt)]);
        if (attempt === 1) throw new Error("not today");
        if (attempt === 2) await tx.query("SELECT 1 / 0").catch(() => {});
        if (attempt === 3) await tx.query("INSERT INTO public.child VALUES (1)");
      },
    },
  });
  const [id] = await desk.record({ to: ["ledger"] });
  await until(async () => {
    await desk.hurry();
    return (await desk.query("SELECT FROM holdfast.finished_delivery")).length === 1;
  });
  expect(await desk.finished(id!)).toEqual({ ...PROCESSED, attempt: 4 });
  expect(await desk.effects()).toEqual(["4"]);
  const details = (await desk.attempts(id!)).map(({ outcome, detail }) => `${outcome} ${detail ?? ""}`);
  expect(details[0]).toBe("transient handler_failed: not today");
  expect(details[1]).toContain("current transaction is aborted");
  expect(details[2]).toContain("violates foreign key constraint");
  await until(() => attemptLines().length === 4);
});

test("a handler cannot begin or end its transaction, whatever stands in front of the word", async () => {
  const texts = [
    "COMMIT",
    "  commit ;",
    ";COMMIT",
    "; ;\n rollback",
    "/* a */ COMMIT",
    "/* /* nested */ */ COMMIT",
    "-- a comment\nCOMMIT",
    "-- a comment\rCOMMIT",
    "/*;*/ -- ;\n ;; END",
    "ABORT",
    "BEGIN",
    "START/**/TRANSACTION",
    "ROLLBACK",
    "ROLLBACK AND CHAIN",
    "COMMIT PREPARED 'x'",
    "PREPARE/* */TRANSACTION 'x'",
    "SELECT 1; COMMIT",
  ];
  for (const text of texts.slice(0, -1)) expect([text, isTransactionControl(text)]).toEqual([text, true]);
  for (const text of [
    "SAVEPOINT a",
    "ROLLBACK TO a",
    "rollback /* */ to savepoint a",
    "PREPARE x AS SELECT 1",
    "SELECT 'COMMIT'",
  ])
    expect([text, isTransactionControl(text)]).toEqual([text, false]);
  const desk = await openLedger();
  const refused: string[] = [];
  await startDeliveries(desk, {
    ...ledger,
    handlers: {
      keep: async ({ attempt }, tx) => {
        // A few at a time: ten failures in a row would open the destination's breaker.
        const some = texts.slice((attempt - 1) * 4, attempt * 4);
        if (some.length > 0) {
          await tx.query("INSERT INTO public.effect VALUES ('escaped')");
          for (const text of some) await tx.query(text).catch(() => refused.push(text));
          throw new Error("had this been committed, it would be seen");
        }
        await tx.query("SAVEPOINT a");
        await tx.query("INSERT INTO public.effect VALUES ('undone')");
        await tx.query("ROLLBACK TO a");
        await tx.query("INSERT INTO public.effect VALUES ('done')");
      },
    },
    destinations: { ledger: { handler: "keep", retry: { scheduleSec: texts.map(() => 1) } } },
  });
  await desk.record({ to: ["ledger"] });
  await until(async () => {
    await desk.hurry();
    return (await desk.query("SELECT FROM holdfast.finished_delivery")).length === 1;
  });
  expect(refused).toEqual(texts);
  expect(await desk.effects()).toEqual(["done"]);
});

test("a lease that is lost while the handler runs takes its writes back and changes nothing", async () => {
  const desk = await openLedger();
  const other = "00000000-0000-4000-8000-000000000001";
  const gateway = await startDeliveries(desk, {
    ...ledger,
    handlers: {
      keep: async (_event, tx) => {
        await tx.query("INSERT INTO public.effect VALUES ('of the zombie')");
        await desk.query("UPDATE holdfast.delivery SET lease = $1, attempt = attempt + 1", [other]);
      },
    },
  });
  const [id] = await desk.record({ to: ["ledger"] });
  await until(() => gateway.attemptLines().length === 1);
  expect(gateway.attemptLines()[0]).toMatchObject({ next: "lease_lost", level: "warn" });
  expect(await gateway.metric("holdfast_leases_lost_total")).toBe(1);
  expect(await desk.effects()).toEqual([]);
  expect(await desk.attempts(id!)).toEqual([]);
  const rows = await desk.query("SELECT state, lease, attempt FROM holdfast.delivery");
  expect(rows).toEqual([{ state: "leased", lease: other, attempt: 2 }]);
});

test("what a handler sets on its connection does not reach the next one", async () => {
  const desk = await openLedger();
  const shown: unknown[] = [];
  const keep: Handler = async (_event, tx) => {
    shown.push((await tx.query("SHOW synchronous_commit")).rows[0]?.["synchronous_commit"]);
    await tx.query("SET synchronous_commit = off");
  };
  await startDeliveries(desk, { ...ledger, handlers: { keep } });
  for (const _ of [1, 2, 3, 4, 5, 6]) {
    const [id] = await desk.record({ to: ["ledger"] });
    await desk.finished(id!);
  }
  expect(shown).toEqual(["on", "on", "on", "on", "on", "on"]);
});

test("nor does the role that it took", async () => {
  const desk = await openLedger();
  const role = `handler_${randomBytes(6).toString("hex")}`;
  const asAdmin = (text: string) => query(desk.database.adminUrl, text);
  // What the settlement of its own delivery needs as well.
  await asAdmin(
    `CREATE ROLE ${role}; GRANT ${role} TO holdfast; GRANT USAGE ON SCHEMA holdfast TO ${role};
     GRANT ALL ON ALL TABLES IN SCHEMA holdfast TO ${role}`,
  );
  onTestFinished(async () => void (await asAdmin(`DROP OWNED BY ${role}; DROP ROLE ${role}`)));
  const shown: unknown[] = [];
  const keep: Handler = async (_event, tx) => {
    shown.push((await tx.query("SELECT current_user AS name")).rows[0]?.["name"]);
    await tx.query(`SET ROLE ${role}`);
  };
  await startDeliveries(desk, { ...ledger, handlers: { keep }, worker: { databaseConnections: 1 } });
  for (const _ of [1, 2])
    expect(await desk.finished((await desk.record({ to: ["ledger"] }))[0]!)).toEqual({ ...PROCESSED, attempt: 1 });
  expect(shown).toEqual(["holdfast", "holdfast"]);
});

test("the settlement of a handler's delivery is planned once a connection, and its own statements as the server would", async () => {
  const desk = await openLedger();
  const plans: unknown[] = [];
  const keep: Handler = async (_event, tx) => {
    const { rows } = await tx.query(
      `SELECT current_setting('plan_cache_mode') AS mode, current_setting('enable_seqscan') AS seqscan,
              (SELECT sum(custom_plans)::int FROM pg_prepared_statements) AS anew,
              (SELECT sum(generic_plans)::int FROM pg_prepared_statements) AS kept`,
    );
    plans.push(rows[0]);
  };
  await startDeliveries(desk, { ...ledger, handlers: { keep }, worker: { databaseConnections: 1 } });
  for (const _ of [1, 2, 3]) {
    const [id] = await desk.record({ to: ["ledger"] });
    await desk.finished(id!);
  }
  const own = { mode: "auto", seqscan: "on" };
  expect(plans).toEqual([
    { ...own, anew: null, kept: null },
    { ...own, anew: 0, kept: 3 },
    { ...own, anew: 0, kept: 6 },
  ]);
});

test("a query after the handler's return is refused, and one that it never waited for does no harm", async () => {
  const desk = await openLedger();
  let late: () => Promise<unknown> = async () => {};
  await startDeliveries(desk, {
    ...ledger,
    handlers: {
      keep: (_event, tx) => {
        late = () => tx.query("INSERT INTO public.effect VALUES ('late')");
        void tx.query("INSERT INTO public.effect VALUES ('in time')");
        setImmediate(() => void tx.query("INSERT INTO public.effect VALUES ('far too late')"));
      },
    },
  });
  const [id] = await desk.record({ to: ["ledger"] });
  await desk.finished(id!);
  await expect(late()).rejects.toThrow("this transaction has ended");
  expect(await desk.effects()).toEqual(["in time"]);
});

test("a handler that never returns is given up at its timeout, rolled back, and frees its slot and its connection (F45)", async () => {
  const desk = await openLedger();
  let isCalled = false;
  await startDeliveries(desk, {
    destinations: {
      stuck: { handler: "stuck", timeoutMs: 200, retry: { scheduleSec: [3_600] } },
      ledger: { handler: "keep" },
    },
    handlers: {
      stuck: async (_event, tx) => {
        isCalled = true;
        await tx.query("INSERT INTO public.effect VALUES ('of the stuck one')");
        await new Promise(() => {});
      },
      keep: async (_event, tx) => void (await tx.query("INSERT INTO public.effect VALUES ('kept')")),
    },
    worker: { concurrency: 1, databaseConnections: 1 },
  });
  const [stuck] = await desk.record({ to: ["stuck"] });
  await until(() => isCalled);
  const [kept] = await desk.record({ to: ["ledger"] });
  expect(await desk.finished(kept!)).toEqual({ ...PROCESSED, attempt: 1 });
  expect(await desk.effects()).toEqual(["kept"]);
  // Its slot is free before its outcome is written.
  await until(async () => (await desk.attempts(stuck!)).length === 1);
  const [attempt] = await desk.attempts(stuck!);
  expect(attempt).toMatchObject({ outcome: "throttled", next_state: "scheduled" });
  expect(attempt!.detail).toContain("did not return within 200 ms");
});

test("handlers that hold every connection neither stop HTTP deliveries nor cost those that wait for one an attempt", async () => {
  const receiver = await startReceiver();
  const desk = await openLedger();
  let open: () => void = () => {};
  const gate = new Promise<void>((resolve) => void (open = resolve));
  await startDeliveries(desk, {
    destinations: { ledger: { handler: "keep" }, billing: { url: receiver.url } },
    handlers: {
      keep: async (_event, tx) => {
        await gate;
        await tx.query("INSERT INTO public.effect VALUES ('kept')");
      },
    },
    worker: { databaseConnections: 2, concurrency: 16 },
  });
  const ids: string[] = [];
  for (let i = 0; i < 6; i++) ids.push(...(await desk.record({ to: ["ledger"] })));
  await until(async () => (await desk.query("SELECT FROM holdfast.delivery WHERE state = 'leased'")).length === 6);
  const [id] = await desk.record({ to: ["billing"] });
  expect(await desk.finished(id!)).toEqual({ ...PROCESSED, attempt: 1 });
  open();
  for (const one of ids) expect(await desk.finished(one)).toEqual({ ...PROCESSED, attempt: 1 });
  expect((await desk.effects()).length).toBe(6);
});

test("a delivery whose handler nobody has is held at no cost, and released by a process that has it", async () => {
  const desk = await openLedger();
  await startDeliveries(desk, ledger);
  const [id] = await desk.record({ to: ["ledger"] });
  expect(await desk.waiting(id!, "held")).toMatchObject({ held_reason: "handler_missing", attempt: 0 });
  const keep = async (_event: unknown, tx: HandlerTransaction) =>
    void (await tx.query("INSERT INTO public.effect VALUES ('kept')"));
  await startDeliveries(desk, { handlers: { keep } });
  expect(await desk.finished(id!)).toEqual({ ...PROCESSED, attempt: 1 });
  expect(await desk.effects()).toEqual(["kept"]);
});
