-- works with code from 0001
-- remedies: what chargers were asked to do about an incident, from afar; `id` is that of the request.
create table remedies (
  id           uuid        primary key,
  incident_id  uuid        not null references incidents,
  charger_id   text        not null,
  remedy       text        not null check (remedy in ('reset', 'unlock')),
  -- Null where the rule did.
  asked_by     uuid,
  requested_at timestamptz not null,
  outcome      text,
  status       text,
  error_code   text
);
create index remedies_by_charger on remedies (charger_id, requested_at);
create index remedies_by_incident on remedies (incident_id, requested_at);

-- charging: sessions, lest a charger is reset under a car; those that ended stay for a while, for what comes late.
create table charging (
  session_id uuid        primary key,
  charger_id text        not null,
  ended      boolean     not null,
  begun_at   timestamptz not null
);
create index charging_by_charger on charging (charger_id) where not ended;
create index charging_by_age on charging (begun_at);
