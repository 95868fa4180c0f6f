-- works with code from 0001
-- ledger_entries: those of a span of time are found without reading all. They come in the order of time, so a few pages tell it.
create index ledger_entries_by_time on ledger_entries using brin (at);
