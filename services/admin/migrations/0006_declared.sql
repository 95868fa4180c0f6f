-- works with code from 0005
-- What the product itself asks about is there from the beginning: nobody has changed it yet (changed_by is no person).
with declared (key, description) as (values
  ('notice.text', 'Stands above every page and in the console; empty says nothing.'),
  ('notice.text.de', 'The same for who reads German; where it is empty they read the other one.')
), new as (
  insert into settings (key, kind, choices, critical, description, value, version, changed_by, changed_at)
  select key, 'text', '{}', false, description, '""', 1, '00000000-0000-0000-0000-000000000000', now() from declared
  on conflict (key) do nothing returning key, version, value, changed_by, changed_at
)
insert into setting_versions select * from new;

with declared (name, description) as (values
  ('orders.checkout', 'Orders can be placed. Guests can where it is on for all.'),
  ('sessions.start', 'Sessions can be started from afar: by drivers, and by operators for a card.'),
  ('vendors.registration', 'Who wants to sell can ask to be let in.')
), new as (
  insert into switches (name, description, is_on, share_basis_points, only_for, never_for, version, changed_by, changed_at)
  select name, description, true, 10000, '{}', '{}', 1, '00000000-0000-0000-0000-000000000000', now() from declared
  on conflict (name) do nothing returning *
)
insert into switch_versions
select name, version, json_object('name': name, 'description': description, 'isOn': is_on,
  'shareBasisPoints': share_basis_points, 'only': only_for, 'never': never_for, 'version': version), changed_by, changed_at
from new;
