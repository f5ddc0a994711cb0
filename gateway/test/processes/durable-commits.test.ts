import { expect, it } from "vitest";
import { openDesk } from "../support/delivery-gateway.ts";
import { until } from "../support/embedded.ts";
import { openService, startReplayGateway } from "../support/replay-desk.ts";

/** Notes by whom and under what setting a row is committed: deferred, and so at COMMIT itself. */
const NOTED = `
  CREATE TABLE public.committed (place text NOT NULL, pool text NOT NULL, setting text NOT NULL);
  CREATE FUNCTION public.note_commit() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    INSERT INTO public.committed
    VALUES (TG_ARGV[0], current_setting('application_name'), current_setting('synchronous_commit'));
    RETURN NULL;
  END $$;
  CREATE CONSTRAINT TRIGGER noted AFTER INSERT ON holdfast.event DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION public.note_commit('event');
  CREATE CONSTRAINT TRIGGER noted AFTER INSERT ON holdfast.finished_delivery DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION public.note_commit('finished_delivery')`;

it("whatever records an event or settles a delivery commits it with synchronous_commit on (F18)", async () => {
  const desk = await openDesk();
  await desk.query(NOTED);
  const service = await openService();
  const gateway = await startReplayGateway(desk, {
    destinations: { billing: { url: service.url }, ledger: { handler: "keep" } },
    routes: ["billing", "ledger"].map((destination) => ({ source: "payments", destination })),
    handlers: { keep: async (_event, tx) => void (await tx.query("SELECT 1")) },
  });
  expect(await gateway.post("evt_1")).toBe(200);
  await until(async () => (await desk.query("SELECT FROM holdfast.finished_delivery")).length === 2);
  expect(await desk.query("SELECT place, pool, setting FROM public.committed ORDER BY place, pool")).toEqual([
    { place: "event", pool: "holdfast ingest", setting: "on" },
    { place: "finished_delivery", pool: "holdfast handlers", setting: "on" },
    { place: "finished_delivery", pool: "holdfast settler", setting: "on" },
  ]);
});
