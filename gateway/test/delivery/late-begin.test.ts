import { expect, onTestFinished, test } from "vitest";
import { startDeliveries } from "../support/delivery-gateway.ts";
import { ledger, openLedger } from "../support/effect-ledger.ts";
import { until } from "../support/embedded.ts";
import { replaceBytes, startFaultProxy } from "../support/fault-proxy.ts";

const PROCESSED = { state: "processed", reason: null };
const SESSIONS =
  "SELECT state FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'holdfast handlers'";

test("a handler's transaction begins with its first query: one that makes none holds none open, and is settled", async () => {
  const desk = await openLedger();
  const seen: unknown[] = [];
  const { attemptLines } = await startDeliveries(desk, {
    ...ledger,
    handlers: {
      keep: async ({ type }, tx) => {
        if (type === "written") await tx.query("INSERT INTO public.effect VALUES ('written')");
        seen.push([type, await desk.query(SESSIONS)]);
      },
    },
    worker: { databaseConnections: 1 },
  });
  for (const type of ["written", "looked at"]) {
    const [id] = await desk.record({ to: ["ledger"], type });
    expect(await desk.finished(id!)).toEqual({ ...PROCESSED, attempt: 1 });
    expect(await desk.attempts(id!)).toMatchObject([{ number: 1, outcome: "succeeded", next_state: "processed" }]);
  }
  expect(seen).toEqual([
    ["written", [{ state: "idle in transaction" }]],
    ["looked at", [{ state: "idle" }]],
  ]);
  await until(() => attemptLines().length === 2);
});

test("one that makes no query and throws is tried again, and one whose lease is lost meanwhile changes nothing", async () => {
  const desk = await openLedger();
  const other = "00000000-0000-4000-8000-000000000001";
  const { attemptLines } = await startDeliveries(desk, {
    ...ledger,
    handlers: {
      keep: async ({ attempt }) => {
        if (attempt === 1) throw new Error("not today");
        await desk.query("UPDATE holdfast.delivery SET lease = $1", [other]);
      },
    },
  });
  const [id] = await desk.record({ to: ["ledger"] });
  await until(async () => {
    await desk.hurry();
    return attemptLines().length === 2;
  });
  expect(attemptLines()[1]).toMatchObject({ next: "lease_lost", level: "warn" });
  expect(await desk.attempts(id!)).toMatchObject([{ number: 1, outcome: "transient", next_state: "scheduled" }]);
  expect(await desk.query("SELECT state, lease FROM holdfast.delivery")).toEqual([{ state: "leased", lease: other }]);
});

test("a query that a failing handler never waited for is not written behind its rollback, be it the first", async () => {
  const desk = await openLedger();
  const refused: string[] = [];
  await startDeliveries(desk, {
    ...ledger,
    handlers: {
      keep: ({ attempt }, tx) => {
        if (attempt > 1) return;
        tx.query("INSERT INTO public.effect VALUES ('escaped')").catch((error: Error) => refused.push(error.message));
        throw new Error("not today");
      },
    },
  });
  const [id] = await desk.record({ to: ["ledger"] });
  await until(async () => {
    await desk.hurry();
    return (await desk.query("SELECT FROM holdfast.finished_delivery")).length === 1;
  });
  expect(await desk.finished(id!)).toEqual({ ...PROCESSED, attempt: 2 });
  expect(refused).toEqual([expect.stringContaining("this transaction has ended")]);
  expect(await desk.effects()).toEqual([]);
});

test.each(["refused by the server", "lost with its connection"])(
  "when a transaction's begin is %s, nothing of its handler is written, though it swallows the error, and it is tried again",
  async (fate) => {
    const desk = await openLedger();
    const proxy = await startFaultProxy(desk.database.url);
    onTestFinished(() => proxy.close());
    let faults = 0;
    const begin = Buffer.from("RESET ALL; BEGIN");
    proxy.toServer = (bytes, wire) => {
      if (wire.name !== "holdfast handlers" || faults > 0 || !bytes.includes(begin)) return bytes;
      faults++;
      if (fate.startsWith("refused")) return replaceBytes(bytes, begin, Buffer.from("RESET ALL; BEGUN"));
      return (wire.cutBoth(), null);
    };
    await startDeliveries(desk, {
      ...ledger,
      handlers: {
        keep: async ({ attempt }, tx) => {
          const queries = ["a", "b"].map((part) =>
            tx.query("INSERT INTO public.effect VALUES ($1)", [`${attempt}${part}`]),
          );
          await Promise.allSettled(queries);
        },
      },
      databaseUrl: proxy.url,
    });
    const [id] = await desk.record({ to: ["ledger"] });
    await until(async () => {
      await desk.hurry();
      return (await desk.query("SELECT FROM holdfast.finished_delivery")).length === 1;
    });
    expect(faults).toBe(1);
    expect(await desk.finished(id!)).toEqual({ ...PROCESSED, attempt: 2 });
    expect(await desk.effects()).toEqual(["2a", "2b"]);
    expect(await desk.attempts(id!)).toMatchObject([{ outcome: "transient" }, { outcome: "succeeded" }]);
  },
);
