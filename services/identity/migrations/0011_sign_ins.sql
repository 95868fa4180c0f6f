-- works with code from 0001
-- sign_ins: who came in, or tried with a known address, when, from where and how (RFC 8176). `browser` is the hash of a cookie by which a browser is
-- known again; null for programs.
create table sign_ins (
  id             uuid        primary key,
  user_id        uuid        not null references users on delete cascade,
  outcome        text        not null check (outcome in ('signed-in', 'password-wrong', 'factor-wrong')),
  methods        text[]      not null,
  device         text        not null,
  address_prefix text        not null,
  browser        bytea,
  created_at     timestamptz not null
);
create index sign_ins_user on sign_ins (user_id, id);
create index sign_ins_known on sign_ins (user_id, device, address_prefix) where outcome = 'signed-in';
create index sign_ins_browser on sign_ins (user_id, browser) where outcome = 'signed-in';
create index sign_ins_age on sign_ins (created_at);
