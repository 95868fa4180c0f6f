-- works with code from 0001
-- What of a refund is more than the provider gives back (or less, below zero), as it has no such small amounts.
alter table order_refunds add column rounding_minor bigint not null default 0;
