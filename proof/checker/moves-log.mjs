// The log of moves, written by the database itself: a trigger notes each move of a delivery, the lease that it was made with and
// the process that made it. Only proofs install it; the product's schema has no trigger.

/** To be run as superuser before anything moves. A process says who it is by the setting `proof.process` of its sessions. */
export const RECORD_MOVES = `
  CREATE TABLE public.move (n bigserial, delivery uuid, from_state text, to_state text, lease uuid, lease_until timestamptz,
    at timestamptz, by text DEFAULT current_setting('proof.process', true));
  GRANT ALL ON public.move, public.move_n_seq TO public;
  CREATE FUNCTION public.record_move() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_TABLE_NAME LIKE 'finished%' THEN
      INSERT INTO public.move (delivery, from_state, to_state, lease, lease_until, at)
        SELECT NEW.id, d.state, NEW.state, d.lease, d.lease_until, clock_timestamp()
          FROM holdfast.delivery d WHERE d.bucket = NEW.bucket AND d.id = NEW.id;
    ELSIF TG_OP = 'INSERT' OR OLD.state <> NEW.state THEN
      INSERT INTO public.move (delivery, from_state, to_state, lease, lease_until, at)
        VALUES (NEW.id, CASE WHEN TG_OP = 'UPDATE' THEN OLD.state END, NEW.state,
                coalesce(NEW.lease, CASE WHEN TG_OP = 'UPDATE' THEN OLD.lease END),
                coalesce(NEW.lease_until, CASE WHEN TG_OP = 'UPDATE' THEN OLD.lease_until END), clock_timestamp());
    END IF;
    RETURN NULL;
  END $$;
  CREATE TRIGGER record_move AFTER INSERT OR UPDATE ON holdfast.delivery FOR EACH ROW EXECUTE FUNCTION public.record_move();
  CREATE TRIGGER record_move AFTER INSERT ON holdfast.finished_delivery FOR EACH ROW EXECUTE FUNCTION public.record_move();`;

const READ_MOVES = "SELECT delivery, from_state, to_state, lease, lease_until, at, by FROM public.move ORDER BY n";

/**
 * @param {(text: string) => Promise<any[]>} query
 * @param {(id: string) => string} [nameOf] the public form of a delivery's id
 * @returns {Promise<import("./check-moves.mjs").Move[]>} in the order in which they were made
 */
export async function readMoves(query, nameOf = (id) => id) {
  const rows = await query(READ_MOVES);
  return rows.map(({ delivery, from_state: from, to_state: to, lease, lease_until: until, at, by }) => ({
    delivery: nameOf(delivery),
    from,
    to,
    lease,
    until: until?.getTime() ?? null,
    t: at.getTime(),
    by,
  }));
}
