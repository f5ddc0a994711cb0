-- How many arrivals came to a source and what became of them, by minute: what the overview draws. Counted in memory and
-- added every few seconds; the ledger and the events are the truth, these are for the eye.
CREATE TABLE holdfast.arrival_minute (
  source_id uuid NOT NULL,
  minute timestamptz NOT NULL,
  tenant text NOT NULL,
  recorded bigint NOT NULL CHECK (recorded >= 0),
  duplicates bigint NOT NULL CHECK (duplicates >= 0),
  rejected bigint NOT NULL CHECK (rejected >= 0),
  unavailable bigint NOT NULL CHECK (unavailable >= 0),
  PRIMARY KEY (source_id, minute)
) WITH (fillfactor = 50);
CREATE INDEX arrival_minute_newest ON holdfast.arrival_minute (tenant, minute);
