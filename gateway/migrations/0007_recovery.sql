-- Recovery: dead letters that are worked through, and replays.

-- What somebody did with dead letters, one or many at once: kept, so that it can be undone and told afterwards.
CREATE TABLE holdfast.handling (
  id uuid PRIMARY KEY,
  tenant text NOT NULL REFERENCES holdfast.tenant,
  kind text NOT NULL CHECK (kind IN ('retry', 'dismiss')),
  reason text,
  filter jsonb NOT NULL,
  deliveries int NOT NULL CHECK (deliveries > 0),
  handled_at timestamptz NOT NULL,
  handled_by text NOT NULL,
  undone_at timestamptz,
  undone_by text,
  CHECK (kind = 'retry' OR reason IS NOT NULL),
  CHECK ((undone_at IS NULL) = (undone_by IS NULL))
);
CREATE INDEX handling_newest ON holdfast.handling (tenant, id);

ALTER TABLE holdfast.finished_delivery
  ADD COLUMN dismissed_at timestamptz,
  ADD COLUMN handling uuid;
-- The rows that are there have none of it, so nothing needs to be looked through.
ALTER TABLE holdfast.finished_delivery ADD CONSTRAINT finished_delivery_dismissed_check
  CHECK (dismissed_at IS NULL OR (state = 'dead' AND retried_as IS NULL AND handling IS NOT NULL)) NOT VALID;
CREATE INDEX finished_delivery_handling ON holdfast.finished_delivery (handling) WHERE handling IS NOT NULL;

-- A copy goes to another destination than the event's own and changes nothing for those.
ALTER TABLE holdfast.delivery DROP CONSTRAINT delivery_trigger_check;
ALTER TABLE holdfast.delivery ADD CONSTRAINT delivery_trigger_check
  CHECK (trigger IN ('live', 'retry', 'replay', 'reconcile', 'copy')) NOT VALID;
ALTER TABLE holdfast.finished_delivery DROP CONSTRAINT finished_delivery_trigger_check;
ALTER TABLE holdfast.finished_delivery ADD CONSTRAINT finished_delivery_trigger_check
  CHECK (trigger IN ('live', 'retry', 'replay', 'reconcile', 'copy')) NOT VALID;

-- A run that delivers recorded arrivals again. Its rows are scanned by id, which is by time; `cursor_id` and what was made of
-- them move in one transaction, so that a run which was killed anywhere goes on exactly there.
CREATE TABLE holdfast.replay (
  id uuid PRIMARY KEY,
  tenant text NOT NULL REFERENCES holdfast.tenant,
  token text NOT NULL UNIQUE,
  subject text NOT NULL CHECK (subject IN ('events', 'rejections')),
  state text NOT NULL CHECK (state IN ('planned', 'running', 'completed', 'cancelled', 'failed')),
  scope jsonb NOT NULL,
  options jsonb NOT NULL,
  plan jsonb NOT NULL,
  tally jsonb NOT NULL,
  until_id uuid NOT NULL,
  cursor_id uuid NOT NULL,
  cursor_at timestamptz,
  is_scanned boolean NOT NULL,
  planned_at timestamptz NOT NULL,
  planned_by text NOT NULL,
  started_at timestamptz,
  started_by text,
  ended_at timestamptz,
  ended_by text,
  end_reason text,
  -- How its events stood when their items were forgotten.
  standing jsonb,
  lease uuid,
  lease_until timestamptz,
  CHECK ((state = 'planned') = (started_at IS NULL)),
  CHECK ((started_at IS NULL) = (started_by IS NULL)),
  CHECK ((state IN ('planned', 'running')) = (ended_at IS NULL)),
  CHECK (state <> 'failed' OR end_reason IS NOT NULL),
  CHECK ((lease IS NULL) = (lease_until IS NULL))
);
CREATE INDEX replay_newest ON holdfast.replay (tenant, id);
CREATE INDEX replay_running ON holdfast.replay (id) WHERE state = 'running';

-- Each delivery that a replay made or pulled forward, until it is known what became of it.
CREATE TABLE holdfast.replay_item (
  bucket int NOT NULL,
  replay_id uuid NOT NULL,
  delivery_id uuid NOT NULL,
  event_id uuid NOT NULL,
  key uuid NOT NULL,
  retry_of uuid,
  pulled boolean NOT NULL,
  state text NOT NULL CHECK (state IN ('queued', 'processed', 'dead', 'withdrawn')),
  effects int NOT NULL CHECK (effects >= 0),
  PRIMARY KEY (bucket, replay_id, delivery_id)
);
CREATE INDEX replay_item_queued ON holdfast.replay_item (replay_id) WHERE state = 'queued';
CREATE INDEX replay_item_replay ON holdfast.replay_item (replay_id, event_id);
CREATE INDEX replay_item_event ON holdfast.replay_item (bucket, event_id);

-- A rejection that became an event once the secret was there.
ALTER TABLE holdfast.rejection
  ADD COLUMN event_id uuid,
  ADD COLUMN replay_id uuid;
ALTER TABLE holdfast.rejection ADD CONSTRAINT rejection_replay_check
  CHECK ((event_id IS NULL) = (replay_id IS NULL)) NOT VALID;
CREATE INDEX rejection_event ON holdfast.rejection (event_id) WHERE event_id IS NOT NULL;
