-- approvals: what cannot be undone and an admin wants; a second one agrees or refuses. `asked` until somebody decides, takes it back or it is too late
-- (`lapsed`); `approved` while it is carried out, `done` or `failed` then. `payload` is what is to be done, `outcome` what came of it.
create table approvals (
  id         uuid        primary key,
  act        text        not null check (act in ('account.delete', 'setting.change', 'dead-letters.replay')),
  object     text        not null,
  payload    text        not null check (payload is json object),
  reason     text        not null,
  asked_by   uuid        not null,
  asked_at   timestamptz not null,
  ends_at    timestamptz not null,
  state      text        not null check (state in ('asked', 'approved', 'refused', 'withdrawn', 'lapsed', 'done', 'failed')),
  decided_by uuid,
  decided_at timestamptz,
  note       text,
  outcome    text        check (outcome is json object),
  -- Nobody agrees with themselves.
  constraint approvals_by_another check (state not in ('approved', 'done', 'failed') or (decided_by is not null and decided_by <> asked_by))
);
create unique index approvals_once on approvals (act, object) where state in ('asked', 'approved');
create index approvals_by_state on approvals (state, asked_at, id);
