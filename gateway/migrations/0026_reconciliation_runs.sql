-- Since when an event is missing, also where a process of the version before, which knows no such column, lists it during an upgrade.
ALTER TABLE holdfast.reconciliation_entry ALTER COLUMN missing_since SET DEFAULT now();
-- The runs of one reconciliation, newest first: what is unexplained now is asked for every few seconds.
CREATE INDEX reconciliation_run_of ON holdfast.reconciliation_run (reconciliation_id, id);
