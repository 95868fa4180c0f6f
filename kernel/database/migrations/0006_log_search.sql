-- works with code from 0005: an index more.

-- Who looks for a key or a trace passes by the pages that have not got it. Such an index costs writers next to nothing: new pages are taken into it
-- when the table is vacuumed, and looked through until then.
create index log_search on log using brin (key text_bloom_ops, left(trace_id, 32) text_bloom_ops) with (pages_per_range = 64);
