-- Who changed what. Rows are only ever added. Each carries the hash of the one before it in its tenant, so a row that is
-- altered, taken out or put in between is found by computing the chain again (holdfast audit verify).
CREATE TABLE holdfast.audit (
  tenant text NOT NULL REFERENCES holdfast.tenant,
  n bigint NOT NULL CHECK (n >= 1),
  at timestamptz NOT NULL,
  -- As it was called then, since names change; actor_id is the public id of the key or person, and null for a one-time link.
  actor text NOT NULL,
  actor_id text,
  action text NOT NULL,
  target text,
  -- JSON as text: it is hashed as it stands here, and jsonb would keep its meaning only.
  detail text NOT NULL,
  previous_hash bytea NOT NULL CHECK (octet_length(previous_hash) = 32),
  hash bytea NOT NULL CHECK (octet_length(hash) = 32),
  PRIMARY KEY (tenant, n)
);

-- A changing request that carried an Idempotency-Key, for a day. The answer is sealed, since it may show a key or a secret.
CREATE TABLE holdfast.kept_answer (
  tenant text NOT NULL REFERENCES holdfast.tenant,
  -- Whose key it is: the same key of two callers means two requests.
  principal text NOT NULL,
  idempotency_key text NOT NULL CHECK (length(idempotency_key) BETWEEN 1 AND 255),
  request_hash bytea NOT NULL CHECK (octet_length(request_hash) = 32),
  -- Both null while the request is under way.
  status integer,
  sealed bytea,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (tenant, principal, idempotency_key),
  CONSTRAINT kept_answer_whole_check CHECK ((status IS NULL) = (sealed IS NULL))
);
CREATE INDEX kept_answer_expiry ON holdfast.kept_answer (expires_at);

-- The key that took this one's place; both count until this one expires.
ALTER TABLE holdfast.api_key ADD COLUMN successor_id uuid REFERENCES holdfast.api_key;
