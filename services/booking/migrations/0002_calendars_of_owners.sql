-- works with code from 0001
-- calendars: of a station, what is booked there while it is this owner's.
alter table calendars add column owner_id uuid;
