-- works with code from 0001
-- charger_stations: the station that each charger stood for last, as it was told; also of one that is gone since.
create table charger_stations (
  charger_id text        primary key,
  station_id uuid        not null,
  station_at timestamptz not null
);
