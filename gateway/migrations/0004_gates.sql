-- Destinations that cannot hurt each other: limits, pauses, breakers and order hold deliveries back outside of the ready
-- index, and a permit lets them in.

-- `permit`: one of the places that the destination's gate has; it ends with the lease. `order_key`: deliveries of one
-- destination and key start one after the other, in the order of `order_at` (microseconds of the time of recording).
ALTER TABLE holdfast.delivery
  ADD COLUMN permit boolean NOT NULL DEFAULT false,
  ADD COLUMN order_key text,
  ADD COLUMN order_at bigint,
  ADD CONSTRAINT delivery_permit_check CHECK (NOT permit OR state IN ('ready', 'leased')),
  ADD CONSTRAINT delivery_order_check CHECK ((order_key IS NULL) = (order_at IS NULL)),
  ADD CONSTRAINT delivery_ordered_check CHECK (held_reason <> 'ordered' OR order_key IS NOT NULL);
CREATE INDEX delivery_gated ON holdfast.delivery (destination_id, priority, rank) WHERE held_reason = 'destination_gated';
CREATE INDEX delivery_permit ON holdfast.delivery (destination_id) WHERE permit;
-- Those that wait for their turn, and those whose turn it is: at most one of a key (kept by who holds the gate's row).
CREATE INDEX delivery_ordered ON holdfast.delivery (destination_id, order_key, order_at) WHERE held_reason = 'ordered';
CREATE INDEX delivery_turn ON holdfast.delivery (destination_id, order_key)
  WHERE order_key IS NOT NULL AND held_reason IS DISTINCT FROM 'ordered';

-- The retry of a dead letter keeps to its key's order, too.
ALTER TABLE holdfast.finished_delivery ADD COLUMN order_key text;

-- What stands between a destination and its deliveries beyond its own limits, and the bucket of tokens that its rate is
-- kept by. A row once made stays; with nothing in it it holds nothing back.
CREATE TABLE holdfast.destination_gate (
  destination_id uuid PRIMARY KEY REFERENCES holdfast.destination,
  ordered boolean NOT NULL DEFAULT false,
  slow_concurrency int CONSTRAINT destination_gate_slow_check CHECK (slow_concurrency > 0),
  quick_since timestamptz,
  breaker text NOT NULL DEFAULT 'closed' CHECK (breaker IN ('closed', 'open', 'recovering')),
  breaker_since timestamptz,
  breaker_concurrency int,
  probe_at timestamptz,
  round_succeeded int NOT NULL DEFAULT 0,
  round_failed int NOT NULL DEFAULT 0,
  tokens double precision NOT NULL DEFAULT 1000000,
  refilled_at timestamptz NOT NULL,
  CONSTRAINT destination_gate_quick_check CHECK (quick_since IS NULL OR slow_concurrency IS NOT NULL),
  CONSTRAINT destination_gate_since_check CHECK (breaker = 'closed' OR breaker_since IS NOT NULL),
  CONSTRAINT destination_gate_probe_check CHECK ((breaker = 'open') = (probe_at IS NOT NULL)),
  CONSTRAINT destination_gate_recovering_check CHECK (
    (breaker = 'recovering') = (breaker_concurrency IS NOT NULL) AND breaker_concurrency IS DISTINCT FROM 0),
  CONSTRAINT destination_gate_round_check CHECK (round_succeeded >= 0 AND round_failed >= 0),
  CONSTRAINT destination_gate_tokens_check CHECK (tokens >= 0)
) WITH (fillfactor = 50);

-- How a destination's attempts went, by minute. `failed` holds every failure, `throttled` those among them that asked for room.
CREATE TABLE holdfast.destination_health (
  destination_id uuid NOT NULL REFERENCES holdfast.destination,
  minute timestamptz NOT NULL,
  succeeded int NOT NULL,
  failed int NOT NULL,
  throttled int NOT NULL,
  latency_ms_sum bigint NOT NULL,
  latency_ms_max int NOT NULL,
  PRIMARY KEY (destination_id, minute),
  CONSTRAINT destination_health_counts_check CHECK (succeeded >= 0 AND failed >= 0 AND throttled BETWEEN 0 AND failed),
  CONSTRAINT destination_health_latency_check CHECK (latency_ms_sum >= 0 AND latency_ms_max >= 0)
) WITH (fillfactor = 50);
CREATE INDEX destination_health_minute ON holdfast.destination_health (minute);

-- Since when a destination has only failed; a success takes the row away.
CREATE TABLE holdfast.destination_failure (
  destination_id uuid PRIMARY KEY REFERENCES holdfast.destination,
  first_at timestamptz NOT NULL,
  last_at timestamptz NOT NULL,
  failures bigint NOT NULL CONSTRAINT destination_failure_count_check CHECK (failures > 0),
  CONSTRAINT destination_failure_times_check CHECK (first_at <= last_at)
) WITH (fillfactor = 50);

-- What operators are told about a destination, each once for one stretch of failures.
CREATE TABLE holdfast.destination_notice (
  destination_id uuid NOT NULL REFERENCES holdfast.destination,
  kind text NOT NULL CHECK (kind IN ('failing_1_day', 'failing_3_days', 'disabled')),
  since timestamptz NOT NULL,
  at timestamptz NOT NULL,
  detail text NOT NULL,
  PRIMARY KEY (destination_id, kind, since),
  CONSTRAINT destination_notice_times_check CHECK (since <= at)
);
