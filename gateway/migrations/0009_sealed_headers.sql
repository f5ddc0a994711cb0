-- Values of a destination's headers are secrets more often than not (Authorization): the list of pairs as JSON, sealed. `headers`
-- holds the names, with empty values. Rows from before go on being read as they are; `holdfast secrets reseal` seals them.
ALTER TABLE holdfast.destination ADD COLUMN sealed_headers bytea;

-- One item of a request that was signed as a whole: its bytes cannot be verified by themselves again. Not validated: what is
-- there meets the narrower rule that goes, and a scan of all events would hold up whoever writes.
ALTER TABLE holdfast.event DROP CONSTRAINT event_verified_by_check;
ALTER TABLE holdfast.event ADD CONSTRAINT event_verified_by_check
  CHECK (verified_by IN ('signature', 'batch_signature', 'provider_api')) NOT VALID;
