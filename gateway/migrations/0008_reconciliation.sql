-- What is compared with a provider's own log: which source, by which connector, how often. The API's secret is sealed.
CREATE TABLE holdfast.reconciliation (
  id uuid PRIMARY KEY,
  tenant text NOT NULL REFERENCES holdfast.tenant,
  name text NOT NULL CHECK (name ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  source_id uuid NOT NULL REFERENCES holdfast.source,
  connector jsonb NOT NULL,
  sealed_secret bytea,
  event_types text[] NOT NULL,
  schedule text,
  lookback_sec int NOT NULL CHECK (lookback_sec BETWEEN 60 AND 7776000),
  overlap_sec int NOT NULL CHECK (overlap_sec BETWEEN 0 AND 604800),
  lag_sec int NOT NULL CHECK (lag_sec BETWEEN 0 AND 86400),
  redelivery_wait_sec int NOT NULL CHECK (redelivery_wait_sec BETWEEN 1 AND 3600),
  redeliver boolean NOT NULL,
  state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'disabled')),
  origin text NOT NULL CHECK (origin IN ('file', 'api', 'sample')),
  next_due_at timestamptz,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  UNIQUE (tenant, name)
);

-- One comparison of one window. `cursor` is the place in the provider's log, `compared_to` the place in ours; both move only
-- with the rows that they stand for, in one transaction, by whoever holds the lease. `continues`: its window goes on where the one
-- before ended, and the next one goes on from its end.
CREATE TABLE holdfast.reconciliation_run (
  id uuid PRIMARY KEY,
  reconciliation_id uuid NOT NULL REFERENCES holdfast.reconciliation,
  tenant text NOT NULL REFERENCES holdfast.tenant,
  cause text NOT NULL CHECK (cause IN ('scheduled', 'requested')),
  started_by text NOT NULL,
  continues boolean NOT NULL,
  window_from timestamptz NOT NULL,
  window_to timestamptz NOT NULL,
  state text NOT NULL CHECK (state IN ('started', 'listed', 'recovered', 'completed', 'failed', 'cancelled')),
  cursor text,
  compared_to uuid,
  page_items int NOT NULL CHECK (page_items > 0),
  pages int NOT NULL DEFAULT 0 CHECK (pages >= 0),
  failures int NOT NULL DEFAULT 0 CHECK (failures >= 0),
  due_at timestamptz NOT NULL,
  detail text,
  listed int NOT NULL DEFAULT 0,
  matched int NOT NULL DEFAULT 0,
  missing int NOT NULL DEFAULT 0,
  recovered int NOT NULL DEFAULT 0,
  dead_here int NOT NULL DEFAULT 0,
  unknown_to_provider int NOT NULL DEFAULT 0,
  unexplained int NOT NULL DEFAULT 0,
  started_at timestamptz NOT NULL,
  finished_at timestamptz,
  lease uuid,
  lease_until timestamptz,
  CHECK (window_from < window_to),
  CHECK ((finished_at IS NOT NULL) = (state IN ('completed', 'failed', 'cancelled'))),
  CHECK ((lease IS NULL) = (lease_until IS NULL)),
  CHECK (state <> 'failed' OR detail IS NOT NULL),
  CHECK (listed = matched + dead_here + missing),
  CHECK (state <> 'completed' OR missing = recovered + unexplained)
);
-- Two comparisons of one source at once would ask the provider for everything twice.
CREATE UNIQUE INDEX reconciliation_run_unfinished ON holdfast.reconciliation_run (reconciliation_id) WHERE finished_at IS NULL;
CREATE INDEX reconciliation_run_due ON holdfast.reconciliation_run (due_at) WHERE finished_at IS NULL;
CREATE INDEX reconciliation_run_newest ON holdfast.reconciliation_run (tenant, id);

-- One event of the provider's log, or one of ours that it lacks, within one run. `k` is the ledger key. When the run has
-- completed only the exceptions stay.
CREATE TABLE holdfast.reconciliation_entry (
  run_id uuid NOT NULL REFERENCES holdfast.reconciliation_run ON DELETE CASCADE,
  k uuid NOT NULL,
  bucket int NOT NULL,
  event_key text NOT NULL,
  provider_event_id text NOT NULL,
  reference text,
  event_type text,
  occurred_at timestamptz,
  provider_outcome text CHECK (provider_outcome IN ('delivered', 'failed')),
  state text NOT NULL CHECK (state IN ('matched', 'dead_here', 'missing', 'asked', 'recovered', 'unexplained', 'unknown_to_provider')),
  recovered_by text CHECK (recovered_by IN ('redelivery', 'provider_api', 'arrival')),
  event_id uuid,
  due_at timestamptz NOT NULL,
  asks int NOT NULL DEFAULT 0 CHECK (asks >= 0),
  headers bytea,
  body bytea,
  detail text,
  PRIMARY KEY (run_id, k),
  CHECK ((state = 'recovered') = (recovered_by IS NOT NULL)),
  CHECK (state NOT IN ('matched', 'dead_here', 'recovered', 'unknown_to_provider') OR event_id IS NOT NULL)
);
CREATE INDEX reconciliation_entry_due ON holdfast.reconciliation_entry (run_id, due_at) WHERE state IN ('missing', 'asked');
CREATE INDEX reconciliation_entry_event ON holdfast.reconciliation_entry (run_id, event_id);
