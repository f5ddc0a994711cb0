-- Our own secret at a provider that gives its keys to its clients only is sealed like the other fields that are secrets.
ALTER TABLE holdfast.source DROP CONSTRAINT source_receiver_check;
ALTER TABLE holdfast.source ADD CONSTRAINT source_receiver_check
  CHECK (NOT receiver ?| ARRAY['password', 'verifyToken', 'clientSecret']) NOT VALID;
