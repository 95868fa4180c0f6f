-- works with code from 0001
-- stations and sites: those that changed since a moment are found without reading all.
create index stations_by_change on stations (updated_at) where deleted_at is null;
create index stations_by_owner_and_change on stations
  (coalesce(owner_id, '00000000-0000-0000-0000-000000000000'::uuid), updated_at) where deleted_at is null;
create index sites_by_owner_and_change on sites (owner_id, updated_at);
