-- What a process of the version before lists during an upgrade, which knows no such column: it is missing since the run began that found it.
ALTER TABLE holdfast.reconciliation_entry ALTER COLUMN missing_since SET DEFAULT 'infinity';
-- The runs of one reconciliation, newest first: what is unexplained now is asked for every few seconds.
CREATE INDEX reconciliation_run_of ON holdfast.reconciliation_run (reconciliation_id, id);
