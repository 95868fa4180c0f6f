-- works with code from 0001
-- The documents of an owner by kind, by language, and by both: each pair of filters finds its page by an index of its own.
create index documents_by_kind on documents (owner_id, kind, created_at, id);
create index documents_by_language on documents (owner_id, lower(language), created_at, id);
create index documents_by_kind_and_language on documents (owner_id, kind, lower(language), created_at, id);
