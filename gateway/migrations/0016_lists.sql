-- What the screen of dead letters reads: the open ones, newest first, and those that were dismissed, however many were handled
-- before. Both hold rows of dead letters alone, so a delivery that is processed never touches them.
CREATE INDEX finished_delivery_open ON holdfast.finished_delivery (tenant, id)
  WHERE state = 'dead' AND retried_as IS NULL AND dismissed_at IS NULL;
CREATE INDEX finished_delivery_dismissed ON holdfast.finished_delivery (tenant, id) WHERE dismissed_at IS NOT NULL;
