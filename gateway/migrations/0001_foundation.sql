-- The tables of the main job. Rules that hold for every hot table (tenant data that grows with events):
--   * `bucket` is in every primary and unique key: the first 12 bits of SHA-256(source, 0x00, event key), never updated
--   * ids are UUIDv7 made by the gateway and carry their bucket, so an id alone finds its row
--   * tables that grow with time are partitioned by RANGE on their id, whose first 48 bits are the time
--   * no default is volatile, no trigger, no sequence: ids and times are parameters
-- The schema itself is made by the runner, which keeps its record of migrations there.

CREATE TABLE holdfast.setting (
  name text PRIMARY KEY,
  value text NOT NULL
);
INSERT INTO holdfast.setting (name, value) VALUES
  ('buckets', '4096'),
  ('dedupe_gen', '1'),
  ('catalog_version', '1');

CREATE TABLE holdfast.tenant (
  id text PRIMARY KEY CHECK (id ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  created_at timestamptz NOT NULL
);
INSERT INTO holdfast.tenant (id, created_at) VALUES ('default', now());

-- The catalog: small, read as a whole into every process, re-read when setting `catalog_version` moves.
CREATE TABLE holdfast.source (
  id uuid PRIMARY KEY,
  tenant text NOT NULL REFERENCES holdfast.tenant,
  name text NOT NULL CHECK (name ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  key text NOT NULL UNIQUE CHECK (key ~ '^[A-Za-z0-9_-]{8,128}$'),
  provider text NOT NULL,
  receiver jsonb NOT NULL,
  body_bytes_max int NOT NULL DEFAULT 1048576 CHECK (body_bytes_max BETWEEN 1 AND 26214400),
  state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'disabled')),
  origin text NOT NULL CHECK (origin IN ('file', 'api', 'sample')),
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  UNIQUE (tenant, name)
);

CREATE TABLE holdfast.secret_version (
  source_id uuid NOT NULL REFERENCES holdfast.source,
  version text NOT NULL CHECK (version ~ '^[A-Za-z0-9._-]{1,64}$'),
  tenant text NOT NULL REFERENCES holdfast.tenant,
  position int NOT NULL,
  state text NOT NULL CHECK (state IN ('pending', 'active', 'retiring', 'retired')),
  sealed bytea NOT NULL,
  not_after timestamptz,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (source_id, version),
  CHECK (state <> 'retiring' OR not_after IS NOT NULL)
);

CREATE TABLE holdfast.destination (
  id uuid PRIMARY KEY,
  tenant text NOT NULL REFERENCES holdfast.tenant,
  name text NOT NULL CHECK (name ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  kind text NOT NULL CHECK (kind IN ('http', 'handler')),
  url text,
  handler text,
  headers jsonb NOT NULL,
  policy jsonb NOT NULL,
  signing_secret bytea,
  state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'paused', 'disabled')),
  state_reason text,
  origin text NOT NULL CHECK (origin IN ('file', 'api', 'sample')),
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  UNIQUE (tenant, name),
  CHECK ((kind = 'http') = (url IS NOT NULL)),
  CHECK ((kind = 'handler') = (handler IS NOT NULL)),
  CHECK ((kind = 'http') = (signing_secret IS NOT NULL)),
  CHECK (state = 'active' OR state_reason IS NOT NULL)
);

CREATE TABLE holdfast.route (
  id uuid PRIMARY KEY,
  tenant text NOT NULL REFERENCES holdfast.tenant,
  name text NOT NULL CHECK (name ~ '^[a-z0-9][a-z0-9-]{0,126}$'),
  source_id uuid NOT NULL REFERENCES holdfast.source,
  destination_id uuid NOT NULL REFERENCES holdfast.destination,
  event_types text[] NOT NULL,
  priority smallint NOT NULL DEFAULT 2 CHECK (priority BETWEEN 0 AND 3),
  state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'disabled')),
  origin text NOT NULL CHECK (origin IN ('file', 'api', 'sample')),
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  UNIQUE (tenant, name)
);

CREATE TABLE holdfast.api_key (
  id uuid PRIMARY KEY,
  tenant text NOT NULL REFERENCES holdfast.tenant,
  name text NOT NULL,
  prefix text NOT NULL,
  sha256 bytea NOT NULL UNIQUE CHECK (octet_length(sha256) = 32),
  created_at timestamptz NOT NULL,
  expires_at timestamptz,
  revoked_at timestamptz
);

-- One row a bucket: what array inserts are anchored on, so that a cluster can push them down to one shard.
CREATE TABLE holdfast.bucket_slot (
  bucket int PRIMARY KEY CHECK (bucket BETWEEN 0 AND 4095)
);
INSERT INTO holdfast.bucket_slot (bucket) SELECT generate_series(0, 4095);

-- The ledger of keys: decides who is new. Apart from the payload, with a horizon of its own (generations).
CREATE TABLE holdfast.dedupe (
  bucket int NOT NULL,
  gen int NOT NULL,
  k uuid NOT NULL,
  event_id uuid NOT NULL,
  PRIMARY KEY (bucket, k, gen)
) PARTITION BY RANGE (gen);
CREATE TABLE holdfast.dedupe_g1 PARTITION OF holdfast.dedupe FOR VALUES FROM (1) TO (2);

CREATE TABLE holdfast.event (
  bucket int NOT NULL,
  id uuid NOT NULL,
  tenant text NOT NULL,
  source_id uuid NOT NULL,
  event_key bytea NOT NULL CHECK (octet_length(event_key) > 0),
  provider_event_id text,
  event_type text,
  payload_version text,
  occurred_at timestamptz,
  signed_at timestamptz,
  received_at timestamptz NOT NULL,
  verified_by text NOT NULL CHECK (verified_by IN ('signature', 'provider_api')),
  secret_version text,
  method text NOT NULL,
  url text NOT NULL,
  remote_address text NOT NULL,
  headers bytea NOT NULL,
  body bytea NOT NULL,
  body_sha256 bytea NOT NULL CHECK (octet_length(body_sha256) = 32),
  PRIMARY KEY (bucket, id)
) PARTITION BY RANGE (id);
CREATE INDEX event_newest ON holdfast.event (tenant, id);

-- A duplicate is counted, and when its bytes differ from the recorded ones, that is recorded too.
CREATE TABLE holdfast.duplicate (
  bucket int NOT NULL,
  event_id uuid NOT NULL,
  count int NOT NULL CHECK (count > 0),
  variants int NOT NULL CHECK (variants BETWEEN 0 AND count),
  variant_sha256 bytea,
  first_at timestamptz NOT NULL,
  last_at timestamptz NOT NULL,
  PRIMARY KEY (bucket, event_id),
  CHECK ((variants > 0) = (variant_sha256 IS NOT NULL))
) PARTITION BY RANGE (event_id);

-- What is not finished. Small and hot: a delivery leaves in the transaction that settles it.
CREATE TABLE holdfast.delivery (
  bucket int NOT NULL,
  id uuid NOT NULL,
  tenant text NOT NULL,
  event_id uuid NOT NULL,
  destination_id uuid NOT NULL,
  key uuid NOT NULL,
  trigger text NOT NULL CHECK (trigger IN ('live', 'retry', 'replay', 'reconcile')),
  retry_of uuid,
  priority smallint NOT NULL CHECK (priority BETWEEN 0 AND 3),
  lane text NOT NULL,
  rank double precision NOT NULL,
  state text NOT NULL CHECK (state IN ('ready', 'scheduled', 'held', 'leased')),
  attempt int NOT NULL CHECK (attempt >= 0),
  refusals int NOT NULL CHECK (refusals BETWEEN 0 AND attempt),
  due_at timestamptz,
  held_reason text,
  lease uuid,
  lease_until timestamptz,
  PRIMARY KEY (bucket, id),
  CHECK ((state = 'scheduled') = (due_at IS NOT NULL)),
  CHECK ((state = 'held') = (held_reason IS NOT NULL)),
  CHECK ((state = 'leased') = (lease IS NOT NULL)),
  CHECK ((state = 'leased') = (lease_until IS NOT NULL)),
  CHECK (state <> 'leased' OR attempt > 0)
) WITH (
  fillfactor = 70,
  autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0,
  autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 20000,
  autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 20000
);
CREATE INDEX delivery_ready ON holdfast.delivery (priority, rank) WHERE state = 'ready';
CREATE INDEX delivery_scheduled ON holdfast.delivery (due_at) WHERE state = 'scheduled';
CREATE INDEX delivery_leased ON holdfast.delivery (lease_until) WHERE state = 'leased';
CREATE INDEX delivery_held ON holdfast.delivery (destination_id) WHERE state = 'held';
CREATE INDEX delivery_event ON holdfast.delivery (bucket, event_id);

CREATE TABLE holdfast.finished_delivery (
  bucket int NOT NULL,
  id uuid NOT NULL,
  tenant text NOT NULL,
  event_id uuid NOT NULL,
  destination_id uuid NOT NULL,
  key uuid NOT NULL,
  trigger text NOT NULL CHECK (trigger IN ('live', 'retry', 'replay', 'reconcile')),
  retry_of uuid,
  retried_as uuid,
  priority smallint NOT NULL CHECK (priority BETWEEN 0 AND 3),
  lane text NOT NULL,
  state text NOT NULL CHECK (state IN ('processed', 'dead')),
  attempt int NOT NULL CHECK (attempt > 0),
  reason text,
  finished_at timestamptz NOT NULL,
  PRIMARY KEY (bucket, id),
  CHECK ((state = 'dead') = (reason IS NOT NULL)),
  CHECK (retried_as IS NULL OR state = 'dead')
) PARTITION BY RANGE (id);
CREATE INDEX finished_delivery_event ON holdfast.finished_delivery (bucket, event_id);
CREATE INDEX finished_delivery_dead ON holdfast.finished_delivery (tenant, id) WHERE state = 'dead';

CREATE TABLE holdfast.attempt (
  bucket int NOT NULL,
  delivery_id uuid NOT NULL,
  id uuid NOT NULL,
  event_id uuid NOT NULL,
  number int NOT NULL CHECK (number > 0),
  outcome text NOT NULL,
  status int,
  detail text,
  response_headers bytea,
  response_body bytea,
  response_truncated boolean NOT NULL,
  started_at timestamptz NOT NULL,
  duration_ms int NOT NULL CHECK (duration_ms >= 0),
  next_state text NOT NULL CHECK (next_state IN ('processed', 'scheduled', 'held', 'ready', 'dead')),
  next_due_at timestamptz,
  worker text NOT NULL,
  lease uuid NOT NULL,
  PRIMARY KEY (bucket, delivery_id, id),
  CHECK ((next_state = 'scheduled') = (next_due_at IS NOT NULL))
) PARTITION BY RANGE (id);

CREATE TABLE holdfast.rejection (
  bucket int NOT NULL,
  id uuid NOT NULL,
  tenant text NOT NULL,
  source_id uuid NOT NULL,
  received_at timestamptz NOT NULL,
  status int NOT NULL CHECK (status BETWEEN 400 AND 499),
  reason text NOT NULL,
  diagnosis json NOT NULL,
  method text NOT NULL,
  url text NOT NULL,
  remote_address text NOT NULL,
  headers bytea NOT NULL,
  body bytea NOT NULL,
  body_sha256 bytea NOT NULL CHECK (octet_length(body_sha256) = 32),
  PRIMARY KEY (bucket, id)
) PARTITION BY RANGE (id);
CREATE INDEX rejection_newest ON holdfast.rejection (tenant, id);
