-- works with code from 0001
-- pricing: one row, whose version every change of what prices depend on beside products and stock makes greater, as it is
-- committed. Whoever has read all that at a version need not read it again while it is the same.
create table pricing (
  one     boolean primary key default true check (one),
  version bigint  not null
);
insert into pricing (version) values (1);

create function pricing_changed() returns trigger language plpgsql as $$
begin
  update pricing set version = version + 1;
  return null;
end $$;

-- Last in their transactions, so that two that change several things never wait for each other crosswise.
create constraint trigger tax_classes_priced after insert or update or delete on tax_classes deferrable initially deferred
  for each row execute function pricing_changed();
create constraint trigger sellers_priced after insert or update or delete on sellers deferrable initially deferred
  for each row execute function pricing_changed();
create constraint trigger shipping_options_priced after insert or update or delete on shipping_options
  deferrable initially deferred for each row execute function pricing_changed();
create constraint trigger commission_rules_priced after insert or update or delete on commission_rules
  deferrable initially deferred for each row execute function pricing_changed();
create constraint trigger categories_priced after insert or update or delete on categories deferrable initially deferred
  for each row execute function pricing_changed();
