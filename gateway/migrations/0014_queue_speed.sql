-- Deliveries of an event are found by the event's id alone. With the bucket in front the planner took this index for a
-- look-up by (bucket, id) as well and went through all of a bucket; and ids are by time, so new entries now come together
-- on the last pages instead of one page each (a full page each in the log after a checkpoint).
DROP INDEX holdfast.delivery_event;
CREATE INDEX delivery_event ON holdfast.delivery (event_id);
DROP INDEX holdfast.finished_delivery_event;
CREATE INDEX finished_delivery_event ON holdfast.finished_delivery (event_id);
