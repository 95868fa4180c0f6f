-- works with code from 0001
-- A cart goes to a state or a province, where tax depends on it.
alter table carts add column region text;
