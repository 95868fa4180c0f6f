-- works with code from 0001
-- documents: those that changed since a moment are found without reading all of an owner.
create index documents_by_change on documents (owner_id, updated_at);
