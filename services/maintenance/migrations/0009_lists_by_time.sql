-- works with code from 0001
-- tickets: those that changed since a moment are found without reading all.
create index tickets_by_change on tickets (updated_at);
create index tickets_by_owner_and_change on tickets
  (coalesce(owner_id, '00000000-0000-0000-0000-000000000000'::uuid), updated_at);
