-- Where a delivery stood in the order of its key, for the retry or replay that follows it: deliveries of one key may be made in the
-- same millisecond, and their ids do not tell which was first. NULL where nothing keeps an order, and in rows from before.
ALTER TABLE holdfast.finished_delivery ADD COLUMN order_at bigint;
