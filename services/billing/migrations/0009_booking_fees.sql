-- works with code from 0001
-- booking_fees: what bookings cost, once each; `waived` was given back before it was asked for.
create table booking_fees (
  fee_id      uuid   primary key,
  booking_id  uuid   not null,
  kind        text   not null,
  driver_id   uuid   not null,
  seller_kind text   not null check (seller_kind in ('person', 'organisation')),
  seller_id   uuid   not null,
  currency    text   not null,
  net_minor   bigint not null,
  tax_minor   bigint not null,
  state       text   not null check (state in ('booked', 'given-back', 'waived'))
);
