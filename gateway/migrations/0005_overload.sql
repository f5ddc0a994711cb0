-- What operators have set: who is slowed down, refused, or left alone by the overload controller, and until when.
-- `target`: the class or the source's id, empty for a tenant's whole intake.
CREATE TABLE holdfast.throttle (
  tenant text NOT NULL REFERENCES holdfast.tenant,
  scope text NOT NULL CHECK (scope IN ('all', 'class', 'source')),
  target text NOT NULL,
  action text NOT NULL CHECK (action IN ('throttle', 'refuse', 'admit')),
  admit_percent smallint CHECK (admit_percent BETWEEN 0 AND 99),
  reason text,
  set_at timestamptz NOT NULL,
  until timestamptz NOT NULL,
  PRIMARY KEY (tenant, scope, target),
  CHECK ((scope = 'all') = (target = '')),
  CHECK (scope <> 'class' OR target IN ('critical', 'high', 'normal', 'low')),
  CHECK ((action = 'throttle') = (admit_percent IS NOT NULL)),
  CHECK (set_at < until)
);

-- How each process that takes in stands, as it last said: any process can then show all of them. `refused`: arrivals that it
-- has refused since its start, by class.
CREATE TABLE holdfast.saturation (
  process text PRIMARY KEY,
  level smallint NOT NULL CHECK (level BETWEEN 0 AND 4),
  signal text,
  value double precision,
  threshold double precision,
  since timestamptz NOT NULL,
  seen_at timestamptz NOT NULL,
  refused jsonb NOT NULL,
  CHECK ((level > 0) = (signal IS NOT NULL)),
  CHECK ((signal IS NULL) = (value IS NULL) AND (signal IS NULL) = (threshold IS NULL))
);
