-- Whose one-time link it is: the session that it opens ends with that key or person. Both null for links from before.
ALTER TABLE holdfast.sign_in_link
  ADD COLUMN api_key_id uuid REFERENCES holdfast.api_key,
  ADD COLUMN person_id uuid REFERENCES holdfast.person;
