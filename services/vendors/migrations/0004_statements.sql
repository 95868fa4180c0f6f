-- works with code from 0004
-- statements: what a vendor was told of a month, as it was told; a correction is another revision.
create table statements (
  vendor_id uuid        not null,
  month     text        not null check (month ~ '^20[0-9]{2}-(0[1-9]|1[0-2])$'),
  revision  integer     not null check (revision > 0),
  figures   json        not null,
  issued_at timestamptz not null,
  primary key (vendor_id, month, revision)
);
