-- works with code from 0001
-- charges: those of a span of time are found without reading all.
create index charges_by_driver_and_time on charges (driver_id, started_at);
create index charges_by_seller_and_time on charges (seller_id, started_at);
create index charges_by_company_and_time on charges (company_id, started_at) where company_id is not null;
