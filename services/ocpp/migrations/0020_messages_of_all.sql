-- works with code from 0001
-- What all chargers said is read from the latest back.
create index messages_by_time on messages (id);
