-- The life of a secret version: since when it was in force and since when it is not. At most 10 of a source verify.
ALTER TABLE holdfast.secret_version
  ADD COLUMN activated_at timestamptz,
  ADD COLUMN retired_at timestamptz;
UPDATE holdfast.secret_version
   SET activated_at = CASE WHEN state <> 'pending' THEN created_at END,
       retired_at = CASE WHEN state = 'retired' THEN coalesce(not_after, now()) END;
ALTER TABLE holdfast.secret_version
  ADD CONSTRAINT secret_version_activated_check CHECK (state = 'retired' OR (state = 'pending') = (activated_at IS NULL)),
  ADD CONSTRAINT secret_version_retired_check CHECK ((state = 'retired') = (retired_at IS NOT NULL)),
  ADD CONSTRAINT secret_version_end_check CHECK (not_after IS NULL OR state IN ('retiring', 'retired')),
  ADD CONSTRAINT secret_version_live_check CHECK (state = 'retired' OR position BETWEEN 0 AND 9);

-- How often a version verified an arrival. Apart from the version, so that counting touches no sealed value.
CREATE TABLE holdfast.secret_usage (
  source_id uuid NOT NULL,
  version text NOT NULL,
  uses bigint NOT NULL CHECK (uses > 0),
  first_used_at timestamptz NOT NULL,
  last_used_at timestamptz NOT NULL,
  PRIMARY KEY (source_id, version),
  FOREIGN KEY (source_id, version) REFERENCES holdfast.secret_version,
  CHECK (first_used_at <= last_used_at)
);

-- Fields of the receiver configuration that are secrets themselves: base64 of the sealed value, by field. The constraint
-- holds for what is written from now on; rows from before are mended by `holdfast secrets reseal`.
ALTER TABLE holdfast.source ADD COLUMN sealed_receiver jsonb NOT NULL DEFAULT '{}';
ALTER TABLE holdfast.source ADD CONSTRAINT source_receiver_check
  CHECK (NOT receiver ?| ARRAY['password', 'verifyToken']) NOT VALID;

-- The same event, or the same rejected bytes, coming again and again. `fingerprint`: the event's id, or the SHA-256 of the
-- body in hexadecimal.
CREATE TABLE holdfast.retry_loop (
  source_id uuid NOT NULL REFERENCES holdfast.source,
  kind text NOT NULL CHECK (kind IN ('duplicate', 'rejection')),
  fingerprint text NOT NULL CHECK (fingerprint ~ '^[0-9a-f-]{36,64}$'),
  tenant text NOT NULL REFERENCES holdfast.tenant,
  cause text NOT NULL CHECK (cause IN ('answered_late', 'refused', 'redelivered')),
  reason text,
  count bigint NOT NULL CHECK (count > 0),
  first_at timestamptz NOT NULL,
  last_at timestamptz NOT NULL,
  PRIMARY KEY (source_id, kind, fingerprint),
  CHECK ((kind = 'rejection') = (cause = 'refused')),
  CHECK ((kind = 'rejection') = (reason IS NOT NULL)),
  CHECK (first_at <= last_at)
);
CREATE INDEX retry_loop_newest ON holdfast.retry_loop (tenant, last_at);
