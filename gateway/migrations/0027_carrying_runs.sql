-- Whether a run looks again at all that was unexplained before it, so that it alone tells what is when it has completed. Those that go on
-- where the last one ended always have; of windows of their own those that a process of the version before starts do not.
ALTER TABLE holdfast.reconciliation_run ADD COLUMN carries boolean NOT NULL DEFAULT false;
