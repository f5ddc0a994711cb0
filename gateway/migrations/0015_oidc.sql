-- One way through an OpenID provider: from the button to the return. What it holds opens nothing without the browser's own
-- cookie and the provider's code, and counts once.
CREATE TABLE holdfast.sign_in_flow (
  state_sha256 bytea PRIMARY KEY CHECK (octet_length(state_sha256) = 32),
  -- Of a cookie: a return that another browser was lured into finds nothing.
  browser_sha256 bytea NOT NULL CHECK (octet_length(browser_sha256) = 32),
  tenant text NOT NULL REFERENCES holdfast.tenant,
  issuer text NOT NULL,
  -- Nonce and PKCE verifier.
  sealed bytea NOT NULL,
  return_to text NOT NULL CHECK (length(return_to) BETWEEN 1 AND 2000),
  -- Somebody who is signed in already and connects their account; null for whoever comes in.
  person_id uuid REFERENCES holdfast.person,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  used_at timestamptz
);
CREATE INDEX sign_in_flow_expiry ON holdfast.sign_in_flow (expires_at);

-- The ID token of a session that came through a provider, sealed: with it the provider's own session is ended on the way out.
ALTER TABLE holdfast.session ADD COLUMN sealed_id_token bytea;
