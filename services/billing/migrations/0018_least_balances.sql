-- works with code from 0017
-- drivers: why one is blocked: for what they owe (also where it is null), or as their wallet has too little.
alter table drivers add column blocked_for text check (blocked_for in ('debt', 'balance'));

-- least_balance: what wallets must hold before a start, as all drivers were held to it last.
create table least_balance (
  one         boolean primary key default true check (one),
  least_minor bigint  not null
);
insert into least_balance (least_minor) values (0);
