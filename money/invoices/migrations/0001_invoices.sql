-- works with code from 0001
-- invoice_series: the next number of a seller's invoices, or credit notes, of a year. Its row is locked until what it
-- numbered is committed, so a number that was taken back is given to the next.
create table invoice_series (
  seller_id uuid     not null,
  kind      text     not null check (kind in ('invoice', 'credit-note')),
  year      smallint not null,
  prefix    text     not null,
  next      integer  not null default 1,
  -- Numbers follow the days they were issued on.
  last_on   date,
  -- The only unique index: of two who begin a series at once, the second would fail at another before it waits at this.
  primary key (seller_id, kind, year)
);

-- invoices: what was billed or credited, to whom, as it was then. Legal content: it is never changed.
create table invoices (
  id             uuid        primary key,
  -- Id of what it is for: one invoice each.
  cause          text        not null constraint invoices_cause unique,
  kind           text        not null,
  seller_id      uuid        not null,
  year           smallint    not null,
  sequence       integer     not null check (sequence > 0),
  number         text        not null,
  issued_on      date        not null,
  issued_at      timestamptz not null,
  buyer_id       uuid,
  seller         json        not null,
  buyer          json        not null,
  currency       text        not null,
  language       text        not null,
  prices         text        not null check (prices in ('net', 'gross')),
  supplied_from  date        not null,
  supplied_to    date        not null check (supplied_to >= supplied_from),
  -- As it was asked for; when it is due by now is in invoice_states.
  due_on         date,
  net_minor      bigint      not null,
  tax_minor      bigint      not null,
  gross_minor    bigint      not null check (gross_minor >= 0),
  prepaid_minor  bigint      not null check (prepaid_minor between 0 and gross_minor),
  -- How it is paid, references of the buyer, notes.
  terms          json        not null,
  -- The invoice that a credit note takes from, and why.
  credits        uuid        references invoices,
  credits_number text,
  credits_on     date,
  reason         text,
  -- The transaction that wrote it, in which alone lines are added.
  issued_in      xid8        not null default pg_current_xact_id(),
  check (net_minor + tax_minor = gross_minor),
  check ((kind = 'credit-note') = (credits is not null)),
  foreign key (seller_id, kind, year) references invoice_series,
  unique (seller_id, kind, year, sequence),
  constraint invoices_number unique (seller_id, number)
);
create index invoices_of_seller on invoices (seller_id, issued_at desc, id desc);
create index invoices_of_buyer on invoices (buyer_id, issued_at desc, id desc);
create index invoices_credits on invoices (credits) where credits is not null;

-- invoice_lines: what was sold. Legal content.
create table invoice_lines (
  invoice_id  uuid    not null references invoices,
  position    integer not null check (position > 0),
  name        text    not null,
  description text,
  quantity    numeric not null,
  -- UN/ECE Recommendation 20: KWH, MIN, C62 (one).
  unit        text    not null,
  -- Of one, in major units, as the prices of the invoice are: without tax or with it.
  price       numeric not null,
  net_minor   bigint  not null,
  tax_minor   bigint  not null,
  gross_minor bigint  not null,
  -- How it is taxed, as it was then: category, percent, parts, place, reason.
  treatment   json    not null,
  -- What it is for in the service, its period, the cost centre it goes to.
  about       json    not null,
  -- The line of the invoice that a line of a credit note takes from.
  credits     integer,
  primary key (invoice_id, position),
  check (net_minor + tax_minor = gross_minor)
);

-- invoice_taxes: what was sold at each rate, and the tax of it (BG-23 of EN 16931). Legal content.
create table invoice_taxes (
  invoice_id uuid    not null references invoices,
  position   integer not null,
  category   text    not null,
  percent    numeric not null,
  reasons    text[]  not null,
  net_minor  bigint  not null,
  tax_minor  bigint  not null,
  -- What the tax is made of where it is more than one.
  parts      json    not null,
  primary key (invoice_id, position)
);

-- invoice_states: what has become of an invoice: when it is due, what was paid of it and credited.
create table invoice_states (
  invoice_id     uuid   primary key references invoices,
  gross_minor    bigint not null,
  due_on         date,
  -- Below zero where more was given back than paid.
  paid_minor     bigint not null default 0,
  credited_minor bigint not null default 0,
  constraint invoice_states_credited check (credited_minor between 0 and gross_minor)
);
create index invoice_states_open on invoice_states (due_on, invoice_id) where paid_minor + credited_minor < gross_minor;

-- invoice_payments: what was paid, once for each cause; below zero what was given back.
create table invoice_payments (
  cause      text        primary key,
  invoice_id uuid        not null references invoices,
  minor      bigint      not null check (minor <> 0),
  means      text        not null,
  paid_at    timestamptz not null
);
create index invoice_payments_of on invoice_payments (invoice_id);

create function invoice_refuse() returns trigger language plpgsql as $$
begin
  raise exception '% is never changed: an invoice that is wrong is credited', tg_table_name
    using errcode = 'restrict_violation';
end $$;
create trigger invoices_stay before update or delete or truncate on invoices
  for each statement execute function invoice_refuse();
create trigger invoice_lines_stay before update or delete or truncate on invoice_lines
  for each statement execute function invoice_refuse();
create trigger invoice_taxes_stay before update or delete or truncate on invoice_taxes
  for each statement execute function invoice_refuse();
create trigger invoice_payments_stay before update or delete or truncate on invoice_payments
  for each statement execute function invoice_refuse();
create trigger invoice_series_stay before delete or truncate on invoice_series
  for each statement execute function invoice_refuse();

-- Lines come with their invoice, or never.
create function invoice_complete() returns trigger language plpgsql as $$
begin
  if exists (select from made join invoices i on i.id = made.invoice_id where i.issued_in <> pg_current_xact_id()) then
    raise exception '% is never added to: the invoice is issued', tg_table_name using errcode = 'restrict_violation';
  end if;
  return null;
end $$;
create trigger invoice_lines_complete after insert on invoice_lines
  referencing new table as made for each statement execute function invoice_complete();
create trigger invoice_taxes_complete after insert on invoice_taxes
  referencing new table as made for each statement execute function invoice_complete();

-- A series goes on by what it numbers, and never back.
create function invoice_series_forward() returns trigger language plpgsql as $$
begin
  if new.next < old.next or (new.seller_id, new.kind, new.year, new.prefix) <> (old.seller_id, old.kind, old.year, old.prefix) then
    raise exception 'a series of numbers never goes back' using errcode = 'restrict_violation';
  end if;
  return new;
end $$;
create trigger invoice_series_on before update on invoice_series
  for each row execute function invoice_series_forward();

-- What is paid and credited follows from payments and credit notes, and from nothing else.
create function invoice_credited() returns trigger language plpgsql as $$
begin
  update invoice_states s set credited_minor = s.credited_minor + c.minor
  from (select credits as id, sum(gross_minor)::bigint as minor from made where credits is not null group by credits) c
  where s.invoice_id = c.id;
  return null;
end $$;
create trigger invoices_credited after insert on invoices
  referencing new table as made for each statement execute function invoice_credited();

create function invoice_paid() returns trigger language plpgsql as $$
begin
  update invoice_states s set paid_minor = s.paid_minor + p.minor
  from (select invoice_id as id, sum(minor)::bigint as minor from made group by invoice_id) p where s.invoice_id = p.id;
  return null;
end $$;
create trigger invoice_payments_count after insert on invoice_payments
  referencing new table as made for each statement execute function invoice_paid();
create trigger invoice_states_follow before update of gross_minor, paid_minor, credited_minor on invoice_states
  for each row when (pg_trigger_depth() = 0) execute function invoice_refuse();
create trigger invoice_states_stay before delete or truncate on invoice_states
  for each statement execute function invoice_refuse();
