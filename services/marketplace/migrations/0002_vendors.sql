-- works with code from 0001
-- vendor_states: how vendors stand, as of the greatest version that was told; `suspended_vendors` follows from it.
create table vendor_states (
  vendor_id uuid    primary key,
  suspended boolean not null,
  version   integer not null
);
