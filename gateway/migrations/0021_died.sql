-- What the rule `dead_letters_grow` reads: what has died lately, however long ago its deliveries were made. Of open dead letters
-- alone, so a delivery that is processed never touches it.
CREATE INDEX finished_delivery_died ON holdfast.finished_delivery (tenant, finished_at)
  WHERE state = 'dead' AND retried_as IS NULL AND dismissed_at IS NULL;
