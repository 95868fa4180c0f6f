-- works with code from 0001
-- invoice_states: whose each is and when it was issued, so that what is left to pay is found without what is not.
alter table invoice_states
  add column seller_id uuid,
  add column buyer_id  uuid,
  add column kind      text,
  add column issued_at timestamptz;
update invoice_states s set seller_id = i.seller_id, buyer_id = i.buyer_id, kind = i.kind, issued_at = i.issued_at
from invoices i where i.id = s.invoice_id;

create function invoice_state_of() returns trigger language plpgsql as $$
begin
  select seller_id, buyer_id, kind, issued_at into new.seller_id, new.buyer_id, new.kind, new.issued_at
  from invoices where id = new.invoice_id;
  return new;
end $$;
create trigger invoice_states_begin before insert on invoice_states
  for each row execute function invoice_state_of();

drop index invoice_states_open;
create index invoice_states_due on invoice_states (due_on, invoice_id)
  where kind = 'invoice' and paid_minor + credited_minor < gross_minor;
create index invoice_states_open on invoice_states (issued_at desc, invoice_id desc)
  where kind = 'invoice' and paid_minor + credited_minor < gross_minor;
create index invoice_states_open_of_seller on invoice_states (seller_id, issued_at desc, invoice_id desc)
  where kind = 'invoice' and paid_minor + credited_minor < gross_minor;
create index invoice_states_open_of_buyer on invoice_states (buyer_id, issued_at desc, invoice_id desc)
  where kind = 'invoice' and paid_minor + credited_minor < gross_minor;
create index invoices_by_time on invoices (issued_at desc, id desc);
create index credit_notes_by_time on invoices (issued_at desc, id desc) where kind = 'credit-note';
create index credit_notes_of_seller on invoices (seller_id, issued_at desc, id desc) where kind = 'credit-note';
create index credit_notes_of_buyer on invoices (buyer_id, issued_at desc, id desc) where kind = 'credit-note';
