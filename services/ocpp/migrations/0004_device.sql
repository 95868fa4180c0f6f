-- works with code from 0001
-- variables: what a charger is made of and how it is set, as it said last: variables of 2.x, and the configuration keys
-- of 1.6, which are of no component. Where there is no instance it is empty, where there is no EVSE or connector 0.
-- `waiting` is a value that it took and that holds from its next start on.
create table variables (
  charger_id         text        not null references chargers on delete cascade,
  component          text        not null,
  component_instance text        not null,
  evse               integer     not null,
  connector          integer     not null,
  variable           text        not null,
  variable_instance  text        not null,
  attribute          text        not null,
  value              text,
  mutability         text,
  persistent         boolean,
  constant           boolean,
  data_type          text,
  unit               text,
  min_limit          float8,
  max_limit          float8,
  values_list        text,
  monitored          boolean,
  waiting            text,
  waiting_at         timestamptz,
  reported_at        timestamptz not null,
  primary key (charger_id, component, component_instance, evse, connector, variable, variable_instance, attribute)
);
create index variables_waiting on variables (charger_id) where waiting_at is not null;

-- monitors: what a charger watches of its variables.
create table monitors (
  charger_id         text        not null references chargers on delete cascade,
  id                 integer     not null,
  component          text        not null,
  component_instance text        not null,
  evse               integer     not null,
  connector          integer     not null,
  variable           text        not null,
  variable_instance  text        not null,
  type               text        not null,
  value              float8      not null,
  severity           integer     not null,
  transaction        boolean     not null,
  kind               text,
  reported_at        timestamptz not null,
  primary key (charger_id, id)
);

-- alerts: what a charger noticed: of its variables (monitoring) or of its safety (security).
create table alerts (
  id                 uuid        primary key,
  charger_id         text        not null,
  kind               text        not null check (kind in ('monitoring', 'security')),
  type               text        not null,
  component          text,
  component_instance text,
  evse               integer,
  connector          integer,
  variable           text,
  variable_instance  text,
  value              text,
  severity           integer,
  cleared            boolean     not null,
  code               text,
  info               text,
  monitor_id         integer,
  transaction        text,
  at                 timestamptz not null,
  received_at        timestamptz not null
);
create index alerts_by_charger on alerts (charger_id, id);

-- charging_profiles: limits that hold at a charger, as it reported them or took them.
create table charging_profiles (
  charger_id  text        not null references chargers on delete cascade,
  id          integer     not null,
  evse        integer     not null,
  source      text        not null,
  profile     json        not null,
  reported_at timestamptz not null,
  primary key (charger_id, id, evse)
);

-- reports: asked of a charger and coming in parts; what they do not name is no more, where all was asked for.
create table reports (
  charger_id text        not null references chargers on delete cascade,
  kind       text        not null check (kind in ('variables', 'monitors', 'profiles')),
  request_id integer     not null,
  asked_at   timestamptz not null,
  primary key (charger_id, kind, request_id)
);

-- notices: the last that a charger said of a matter, as it said it: of its firmware, a limit, a message it shows.
create table notices (
  charger_id text        not null references chargers on delete cascade,
  topic      text        not null,
  key        text        not null,
  data       json        not null,
  at         timestamptz not null,
  primary key (charger_id, topic, key)
);

-- customer_parts: what a charger has stored of a customer, in the parts it comes in; a week after the last they are
-- gone, as is what they say.
create table customer_parts (
  charger_id  text        not null,
  request_id  integer     not null,
  seq_no      integer     not null,
  data        text        not null,
  is_last     boolean     not null,
  received_at timestamptz not null,
  primary key (charger_id, request_id, seq_no)
);
create index customer_parts_by_age on customer_parts (received_at);
