-- What a source and a route say beyond their columns: fields that are absent have their defaults, so a new one needs no
-- migration of the rows.
ALTER TABLE holdfast.source ADD COLUMN policy jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(policy) = 'object');
ALTER TABLE holdfast.route ADD COLUMN policy jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(policy) = 'object');
-- A route without a priority of its own has its source's.
ALTER TABLE holdfast.route ALTER COLUMN priority DROP DEFAULT, ALTER COLUMN priority DROP NOT NULL;
