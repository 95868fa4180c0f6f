-- works with code from 0001
-- photos: what technicians took; the file lies here until documents have taken it in as the document of this id.
create table photos (
  id        uuid        primary key,
  ticket_id uuid        not null references tickets,
  file_key  text,
  taken_at  timestamptz not null
);
