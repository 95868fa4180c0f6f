-- works with code from 0001
-- How what was booked is taxed, as invoices say it: who sells and who buys may be others by then.
alter table charges add column taxed json;
