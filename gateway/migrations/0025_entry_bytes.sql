-- Which runs' entries still have bytes of what the provider listed: those that no run looks at any more lose them, and are found so.
CREATE INDEX reconciliation_entry_bytes ON holdfast.reconciliation_entry (run_id) WHERE headers IS NOT NULL OR body IS NOT NULL;
