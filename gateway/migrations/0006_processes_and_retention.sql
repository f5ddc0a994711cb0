-- Who runs on this database. A process writes `seen_at` every few seconds; one that falls silent is forgotten.
CREATE TABLE holdfast.process (
  id uuid PRIMARY KEY,
  host text NOT NULL,
  pid int NOT NULL,
  roles text[] NOT NULL CHECK (cardinality(roles) > 0),
  version text NOT NULL,
  started_at timestamptz NOT NULL,
  seen_at timestamptz NOT NULL,
  CHECK (started_at <= seen_at)
);

-- Who does what only one process may do. `epoch` grows with each change of hands, and work of an older one is refused.
CREATE TABLE holdfast.leadership (
  name text PRIMARY KEY,
  holder uuid,
  epoch bigint NOT NULL CHECK (epoch >= 0),
  lease_until timestamptz NOT NULL,
  CHECK ((epoch > 0) = (holder IS NOT NULL))
);
INSERT INTO holdfast.leadership (name, holder, epoch, lease_until) VALUES ('caretakers', NULL, 0, now());

-- The generations of the ledger, each a partition of `dedupe`. One that is closed takes no more keys, and is dropped when
-- the newest of its keys is older than the horizon.
CREATE TABLE holdfast.dedupe_generation (
  gen int PRIMARY KEY CHECK (gen > 0),
  opened_at timestamptz NOT NULL,
  closed_at timestamptz,
  CHECK (opened_at <= closed_at)
);
INSERT INTO holdfast.dedupe_generation (gen, opened_at) VALUES (1, now());

-- Which generations take new keys: 2g means generation g, 2g + 1 both g and g + 1, on the way from one to the next. It
-- stands in the row that each insert into the ledger is anchored on, so no insert can miss a change.
ALTER TABLE holdfast.bucket_slot ADD COLUMN dedupe_step int NOT NULL DEFAULT 2 CHECK (dedupe_step >= 2);
DELETE FROM holdfast.setting WHERE name = 'dedupe_gen';
