-- works with code from 0016
-- access_log has also what was read of the documents of a passport: `doc_id` is the document, null for a list of them and for what was read of the
-- passport itself.
alter table access_log add column doc_id uuid;
