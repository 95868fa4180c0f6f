-- works with code from 0001
-- vendor_names: what vendors are called and where their page is, as of the greatest version that was told.
create table vendor_names (
  vendor_id uuid    primary key,
  name      text    not null,
  slug      text    not null,
  -- Whether it has a page that everybody sees.
  shown     boolean not null,
  version   integer not null
);
