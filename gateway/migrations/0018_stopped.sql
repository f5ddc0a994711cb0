-- What is held until something is mended or resumed, apart from what waits for its gate or its turn: of those a slow
-- destination has hundreds of thousands, and who looks for the others, every two seconds, went through all of them.
CREATE INDEX delivery_stopped ON holdfast.delivery (destination_id, held_reason)
  WHERE held_reason NOT IN ('destination_gated', 'ordered');
