-- Since when it is known that an event of a provider's log is missing here; null where that cannot be known, because keys of its time
-- are forgotten. Rows of earlier versions begin to count now: the default is worked out once, no row is rewritten, and none stays.
ALTER TABLE holdfast.reconciliation_entry ADD COLUMN missing_since timestamptz DEFAULT now();
ALTER TABLE holdfast.reconciliation_entry ALTER COLUMN missing_since DROP DEFAULT;
