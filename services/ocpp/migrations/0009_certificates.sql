-- works with code from 0001
-- authority: what signs certificates of chargers where none is configured, made at its first use; its key is sealed.
create table authority (
  id          uuid        primary key,
  certificate text        not null,
  sealed_key  text        not null,
  created_at  timestamptz not null
);
create unique index authority_alone on authority ((true));

-- certificates: signed here for chargers, and good for nobody else; one whose charger was forgotten for nobody at all.
-- `name` is its common name, `fingerprint` the SHA-256 of the whole. `installed_at` and `refused_at` are what the charger
-- made of it.
create table certificates (
  id               uuid        primary key,
  charger_id       text        references chargers on delete set null,
  serial           text        not null unique,
  name             text        not null,
  fingerprint      text        not null unique,
  certificate      text        not null,
  begins_at        timestamptz not null,
  ends_at          timestamptz not null,
  issued_at        timestamptz not null,
  installed_at     timestamptz,
  refused_at       timestamptz,
  used_at          timestamptz,
  revoked_at       timestamptz,
  renewal_asked_at timestamptz
);
create index certificates_by_charger on certificates (charger_id, id);
create index certificates_by_end on certificates (ends_at) where revoked_at is null;

-- installed_certificates: those that a charger says it trusts or has, by the hashes that name one
-- (GetInstalledCertificateIds).
create table installed_certificates (
  charger_id       text        not null references chargers on delete cascade,
  type             text        not null,
  number           integer     not null,
  hash_algorithm   text        not null,
  issuer_name_hash text        not null,
  issuer_key_hash  text        not null,
  serial_number    text        not null,
  -- Below another of its chain.
  is_below         boolean     not null,
  reported_at      timestamptz not null,
  primary key (charger_id, type, number)
);
