-- A page that answers "not changed" is not captured again, but what its ads lead to is, in a later run: found by the page.
create index capture_landing_by_parent on capture (parent_id) where purpose = 'landing';
