import { cold } from "../statement.ts";

/**
 * Takes the lead, or keeps it: one conditional UPDATE, so of two who try one finds no row. The epoch grows when it changes
 * hands. A row that does not match is not locked, so waiting candidates cost the leader nothing. A lease of more than twice the
 * length was written before the database's clock went back: it would keep everybody out until that time. Its holder may be alive, and learn
 * of it when it next renews; until then only {@link confirmLead} keeps the two apart.
 * Parameters: name, holder uuid, seconds of the lease.
 */
export const takeLead = cold<{ epoch: number }>(
  "take_lead",
  `UPDATE holdfast.leadership
      SET epoch = CASE WHEN holder = $2::uuid THEN epoch ELSE epoch + 1 END,
          holder = $2::uuid, lease_until = now() + make_interval(secs => $3::float8)
    WHERE name = $1
      AND (holder IS NULL OR holder = $2::uuid OR lease_until <= now()
           OR lease_until > now() + 2 * make_interval(secs => $3::float8))
   RETURNING epoch`,
);

/** Who leads, and until when if the lease is not renewed. Parameter: name. */
export const readLead = cold<{ holder: string | null; lease_until: Date }>(
  "read_lead",
  "SELECT holder, lease_until FROM holdfast.leadership WHERE name = $1",
);

/** Ends the lease at once, so that another need not wait for its end. Parameters: name, holder uuid, epoch. */
export const resignLead = cold(
  "resign_lead",
  "UPDATE holdfast.leadership SET lease_until = now() WHERE name = $1 AND holder = $2 AND epoch = $3",
);

/**
 * Whether a term still stands, and holds it to the end of the transaction: who wants to take over waits for that, so what
 * the transaction does is done under this term or not at all. Parameters: name, holder uuid, epoch.
 */
export const confirmLead = cold<{ epoch: number }>(
  "confirm_lead",
  "SELECT epoch FROM holdfast.leadership WHERE name = $1 AND holder = $2 AND epoch = $3 FOR SHARE",
);
