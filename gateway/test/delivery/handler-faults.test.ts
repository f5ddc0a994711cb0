import { expect, test } from "vitest";
import type { Handler } from "../../src/domain/handler.ts";
import { startDeliveries } from "../support/delivery-gateway.ts";
import { ledger, openLedger } from "../support/effect-ledger.ts";
import { until } from "../support/embedded.ts";

/** Tries one delivery by a handler until it is finished. @returns what came of its attempts, and what was counted against its destination */
async function tryTwice(keep: Handler, prepare: string | null = null) {
  const desk = await openLedger();
  const { gateway } = await startDeliveries(desk, { ...ledger, handlers: { keep } });
  if (prepare !== null) await desk.query(prepare);
  const [id] = await desk.record({ to: ["ledger"] });
  await until(async () => {
    await desk.hurry();
    return (await desk.query("SELECT FROM holdfast.finished_delivery")).length === 1;
  });
  expect(await desk.finished(id!)).toEqual({ state: "processed", reason: null, attempt: 2 });
  // The second one's effect alone.
  expect(await desk.effects()).toEqual(["2"]);
  await gateway.drain();
  const [counted] = await desk.query<{ failed: number }>(
    "SELECT coalesce(sum(failed), 0)::int AS failed FROM holdfast.destination_health",
  );
  const [first] = await desk.attempts(id!);
  return { outcome: first!.outcome, detail: first!.detail, failed: counted!.failed };
}

const write: Handler = async ({ attempt }, tx) =>
  void (await tx.query("INSERT INTO public.effect VALUES ($1)", [String(attempt)]));

const END = "SELECT pg_terminate_backend(pg_backend_pid())";

test.each<[string, Handler]>([
  ["and it throws what it was told", async (_event, tx) => void (await tx.query(END))],
  ["and it swallows that", async (_event, tx) => void (await tx.query(END).catch(() => {}))],
])("a connection that is lost under a handler, %s, is no fault of the handler's", async (_what, end) => {
  const { outcome, detail, failed } = await tryTwice(async (event, tx) => {
    await write(event, tx);
    if (event.attempt === 1) await end(event, tx);
  });
  expect(outcome).toBe("transient");
  expect(detail).toMatch(/^database_lost: ./);
  expect(failed).toBe(0);
});

const REFUSE_FIRST = (code: string): string => `
  CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW.number = 1 AND NEW.outcome = 'succeeded' THEN RAISE 'not now' USING ERRCODE = '${code}'; END IF;
    RETURN NEW;
  END $$;
  CREATE TRIGGER refuse BEFORE INSERT ON holdfast.attempt FOR EACH ROW EXECUTE FUNCTION public.refuse()`;

test.each(["53100", "55P03", "58030"])(
  "nor is what the database cannot settle when the handler has returned (%s)",
  async (code) => {
    const { detail, failed } = await tryTwice(write, REFUSE_FIRST(code));
    expect(detail).toBe("database_lost: not now");
    expect(failed).toBe(0);
  },
);

test("what a handler's own statement fails with, and what it throws without one, is the handler's", async () => {
  const locked = await tryTwice(async (event, tx) => {
    await write(event, tx);
    if (event.attempt === 1) await tx.query("DO $$ BEGIN RAISE 'in use' USING ERRCODE = '55P03'; END $$");
  });
  expect(locked).toEqual({ outcome: "transient", detail: "handler_failed: in use", failed: 1 });
  const thrown = await tryTwice(async (event, tx) => {
    if (event.attempt === 1) throw new Error("not today");
    await write(event, tx);
  });
  expect(thrown).toEqual({ outcome: "transient", detail: "handler_failed: not today", failed: 1 });
});
