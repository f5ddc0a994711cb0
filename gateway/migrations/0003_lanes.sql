-- What a source and a route say beyond their columns: fields that are absent have their defaults, so a new one needs no
-- migration of the rows.
ALTER TABLE holdfast.source ADD COLUMN policy jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(policy) = 'object');
ALTER TABLE holdfast.route ADD COLUMN policy jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(policy) = 'object');
-- A route without a priority of its own has its source's.
ALTER TABLE holdfast.route ALTER COLUMN priority DROP DEFAULT, ALTER COLUMN priority DROP NOT NULL;

-- When a delivery became ready, where that is not when its id was made: after a retry's wait, a hold, a lost lease.
ALTER TABLE holdfast.delivery ADD COLUMN ready_at timestamptz;

-- Where the fair queue stands. `v`: the largest rank that was claimed in a priority; `tag`: where a lane has got to, kept
-- while it lies ahead of that. The processes meet here a few times a second. A lost row costs an event its place in the
-- queue, never the event. Ranks of earlier versions are milliseconds since 1970, so what waits from before goes first.
CREATE TABLE holdfast.virtual_time (
  priority smallint PRIMARY KEY CHECK (priority BETWEEN 0 AND 3),
  v double precision NOT NULL CHECK (v >= 2e12)
) WITH (fillfactor = 20);
CREATE TABLE holdfast.lane_tag (
  priority smallint NOT NULL CHECK (priority BETWEEN 0 AND 3),
  lane text NOT NULL,
  tag double precision NOT NULL CHECK (tag >= 2e12),
  PRIMARY KEY (priority, lane)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

-- Events that a route's filter could not be worked out for: such an event is not meant by the route.
CREATE TABLE holdfast.route_fault (
  route_id uuid PRIMARY KEY,
  faults bigint NOT NULL CHECK (faults > 0),
  last_fault text NOT NULL,
  first_at timestamptz NOT NULL,
  last_at timestamptz NOT NULL,
  CHECK (first_at <= last_at)
);
