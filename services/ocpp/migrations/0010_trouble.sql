-- works with code from 0001
-- chargers: the end of a connection that was told as a loss.
alter table chargers add column lost_at timestamptz;

-- connectors: since when one is faulted, and when that was told.
alter table connectors add column faulted_since timestamptz, add column failed_at timestamptz;
create index connectors_in_trouble on connectors (charger_id) where status = 'faulted' or faulted_since is not null;
