-- settings: values that admins give while the platform runs, each of a kind that stays. `value` is JSON. A critical one takes two admins to change.
create table settings (
  key         text        primary key,
  kind        text        not null check (kind in ('text', 'integer', 'decimal', 'boolean', 'choice')),
  choices     text[]      not null,
  critical    boolean     not null,
  description text        not null,
  value       text        not null check (value is json scalar),
  version     integer     not null check (version > 0),
  changed_by  uuid        not null,
  changed_at  timestamptz not null
);

-- setting_versions: every value there was, and who gave it.
create table setting_versions (
  key        text        not null references settings,
  version    integer     not null,
  value      text        not null,
  changed_by uuid        not null,
  changed_at timestamptz not null,
  primary key (key, version)
);

-- switches: for whom something new is there; see `Switch` in contracts/admin.ts.
create table switches (
  name               text        primary key,
  description        text        not null,
  is_on              boolean     not null,
  share_basis_points integer     not null check (share_basis_points between 0 and 10000),
  only_for           uuid[]      not null,
  never_for          uuid[]      not null,
  version            integer     not null check (version > 0),
  changed_by         uuid        not null,
  changed_at         timestamptz not null
);

-- switch_versions: how each was turned, and by whom; `turned` is the switch as JSON.
create table switch_versions (
  name       text        not null references switches,
  version    integer     not null,
  turned     text        not null check (turned is json object),
  changed_by uuid        not null,
  changed_at timestamptz not null,
  primary key (name, version)
);
