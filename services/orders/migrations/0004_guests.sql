-- works with code from 0001
-- orders: whether who bought has no account, and comes by the link in their mail.
alter table orders add column guest boolean not null default false;
