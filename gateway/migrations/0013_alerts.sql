-- Where notices go. What names the way may be read; what is a credential (a Slack URL, a routing key, a password) is sealed.
CREATE TABLE holdfast.alert_channel (
  id uuid PRIMARY KEY,
  tenant text NOT NULL REFERENCES holdfast.tenant,
  name text NOT NULL CHECK (name ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  kind text NOT NULL CHECK (kind IN ('slack', 'pagerduty', 'webhook', 'email')),
  address jsonb NOT NULL,
  sealed_secret bytea,
  severities text[] NOT NULL CHECK (severities <@ ARRAY['page', 'ticket'] AND cardinality(severities) > 0),
  state text NOT NULL CHECK (state IN ('active', 'disabled')),
  origin text NOT NULL CHECK (origin IN ('file', 'api', 'sample')),
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  UNIQUE (tenant, name)
);

-- A tenant's changes to the rules, by the rule's name, and which channels are told of which source.
CREATE TABLE holdfast.alert_setting (
  tenant text PRIMARY KEY REFERENCES holdfast.tenant,
  rules jsonb NOT NULL,
  owners jsonb NOT NULL,
  updated_at timestamptz NOT NULL
);

-- One rule about one subject, for as long as it holds. `pending`: it holds, but not yet for long enough.
CREATE TABLE holdfast.alert (
  id uuid PRIMARY KEY,
  tenant text NOT NULL REFERENCES holdfast.tenant,
  rule text NOT NULL,
  subject text NOT NULL,
  subject_name text NOT NULL,
  source_ids uuid[] NOT NULL,
  severity text NOT NULL CHECK (severity IN ('page', 'ticket')),
  state text NOT NULL CHECK (state IN ('pending', 'firing', 'resolved')),
  detail text NOT NULL,
  value double precision,
  since timestamptz NOT NULL,
  seen_at timestamptz NOT NULL,
  fired_at timestamptz,
  told_at timestamptz,
  resolved_at timestamptz,
  CHECK (state = 'pending' OR fired_at IS NOT NULL),
  CHECK ((state = 'resolved') = (resolved_at IS NOT NULL))
);
-- Of one rule and subject one alert stands; those that have ended are history.
CREATE UNIQUE INDEX alert_standing ON holdfast.alert (tenant, rule, subject) WHERE state <> 'resolved';
CREATE INDEX alert_newest ON holdfast.alert (tenant, id);

-- What is told by one channel at once. It is tried until it is taken, or given up with the reason.
CREATE TABLE holdfast.alert_notice (
  id uuid PRIMARY KEY,
  tenant text NOT NULL REFERENCES holdfast.tenant,
  channel_id uuid NOT NULL REFERENCES holdfast.alert_channel,
  kind text NOT NULL CHECK (kind IN ('fired', 'repeated', 'resolved', 'test')),
  alerts jsonb NOT NULL,
  state text NOT NULL CHECK (state IN ('queued', 'sent', 'failed')),
  attempts int NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  due_at timestamptz NOT NULL,
  detail text,
  created_at timestamptz NOT NULL,
  sent_at timestamptz,
  CHECK ((state = 'sent') = (sent_at IS NOT NULL))
);
CREATE INDEX alert_notice_due ON holdfast.alert_notice (due_at) WHERE state = 'queued';
CREATE INDEX alert_notice_newest ON holdfast.alert_notice (tenant, id);
