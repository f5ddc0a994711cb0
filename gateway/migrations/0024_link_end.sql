-- When the session or key that made a one-time link ends: the session that the link opens ends no later. Null: that has no end.
ALTER TABLE holdfast.sign_in_link ADD COLUMN maker_expires_at timestamptz;
