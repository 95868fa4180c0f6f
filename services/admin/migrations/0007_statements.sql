-- works with code from 0006
-- What whoever runs the platform has to tell is said in settings, which are there from the beginning and empty.
with declared (key, description) as (values
  ('imprint.text', 'Stands at /imprint, as Markdown: who runs the platform, with postal address, e-mail, register and tax number.'),
  ('imprint.text.de', 'The same for who reads German; where it is empty they read the other one.'),
  ('accessibility.text', 'Stands at /accessibility, as Markdown: how far all is accessible, what is not, whom to tell, who enforces it.'),
  ('accessibility.text.de', 'The same for who reads German; where it is empty they read the other one.')
), new as (
  insert into settings (key, kind, choices, critical, description, value, version, changed_by, changed_at)
  select key, 'text', '{}', false, description, '""', 1, '00000000-0000-0000-0000-000000000000', now() from declared
  on conflict (key) do nothing returning key, version, value, changed_by, changed_at
)
insert into setting_versions select * from new;
