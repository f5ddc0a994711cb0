-- Who may do what. A key has a role; a browser has a session, which a key, a one-time link or a person opened.
ALTER TABLE holdfast.api_key
  ADD COLUMN role text NOT NULL DEFAULT 'admin' CHECK (role IN ('viewer', 'responder', 'operator', 'admin')),
  ADD COLUMN last_used_at timestamptz;

CREATE TABLE holdfast.person (
  id uuid PRIMARY KEY,
  tenant text NOT NULL REFERENCES holdfast.tenant,
  email text NOT NULL CHECK (email = lower(email) AND length(email) BETWEEN 3 AND 254),
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
  role text NOT NULL CHECK (role IN ('viewer', 'responder', 'operator', 'admin')),
  -- scrypt with its parameters and salt, as text; null for people who come through an OpenID provider alone.
  password text,
  -- Who they are to their OpenID provider: never the email address, which may pass to somebody else.
  issuer text,
  subject text,
  state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'disabled')),
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  UNIQUE (tenant, email),
  UNIQUE (tenant, issuer, subject),
  CHECK ((issuer IS NULL) = (subject IS NULL))
);

-- Of a session's token only the hash is kept: who reads the table cannot sign in with it.
CREATE TABLE holdfast.session (
  sha256 bytea PRIMARY KEY CHECK (octet_length(sha256) = 32),
  id uuid NOT NULL UNIQUE,
  tenant text NOT NULL REFERENCES holdfast.tenant,
  name text NOT NULL,
  role text NOT NULL CHECK (role IN ('viewer', 'responder', 'operator', 'admin')),
  api_key_id uuid REFERENCES holdfast.api_key,
  person_id uuid REFERENCES holdfast.person,
  created_at timestamptz NOT NULL,
  seen_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  ended_at timestamptz
);
CREATE INDEX session_person ON holdfast.session (person_id) WHERE ended_at IS NULL;
CREATE INDEX session_expiry ON holdfast.session (expires_at);

CREATE TABLE holdfast.sign_in_link (
  sha256 bytea PRIMARY KEY CHECK (octet_length(sha256) = 32),
  tenant text NOT NULL REFERENCES holdfast.tenant,
  role text NOT NULL CHECK (role IN ('viewer', 'responder', 'operator', 'admin')),
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  used_at timestamptz
);
