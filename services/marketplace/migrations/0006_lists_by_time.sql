-- works with code from 0001
-- products: those that changed since a moment are found without reading all.
create index products_by_change on products (updated_at) where deleted_at is null;
create index products_by_owner_and_change on products (owner_id, updated_at) where deleted_at is null;
