import type { Desk } from "./delivery-gateway.ts";

/**
 * Notes from now on when each delivery is claimed for the first time, for tests of the order in which that happens: what is claimed
 * first may arrive last, where its worker waits for its turn on a busy machine.
 *
 * @returns gives the ids in that order. A claim counts from its begin, before it has looked for anything; those of one claim in any order
 */
export async function noteClaims(desk: Pick<Desk, "query">): Promise<() => Promise<string[]>> {
  await desk.query(`
    CREATE TABLE public.claimed (id uuid NOT NULL, at timestamptz NOT NULL DEFAULT now());
    CREATE FUNCTION public.note_claim() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN INSERT INTO public.claimed (id) VALUES (NEW.id); RETURN NULL; END $$;
    CREATE TRIGGER note_claim AFTER UPDATE ON holdfast.delivery FOR EACH ROW
      WHEN (NEW.state = 'leased' AND OLD.state <> 'leased') EXECUTE FUNCTION public.note_claim()`);
  return async () =>
    (await desk.query<{ id: string }>("SELECT id FROM public.claimed GROUP BY id ORDER BY min(at)")).map(
      ({ id }) => id,
    );
}
