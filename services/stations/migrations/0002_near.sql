-- works with code from 0001
-- The nearest spots of a kind, in their order. The planner does not know how many lie around a position, and would rather
-- gather and sort all of a city than walk the index to the last that is wanted: here it may not.
create function spots_near(of_kind integer, lat double precision, lon double precision, radius double precision,
    of_standard text, least_w integer, only_available boolean, open_at timestamptz, most integer)
  returns table (station_id uuid, chord double precision)
  language sql stable
  set enable_bitmapscan = off set enable_sort = off set enable_seqscan = off
  as $$
    select p.station_id, p.position <-> ll_to_earth(lat, lon) from spots p
    where p.kind = of_kind and p.position <@ earth_box(ll_to_earth(lat, lon), radius) and p.max_power_w >= least_w
      and (not only_available or (p.available
        -- Of a class some may be free, and another one strong enough.
        and (p.least_power_w = least_w or exists (select from connectors c where c.station_id = p.station_id
          and c.available and c.max_power_w >= least_w and (of_standard is null or c.standard = of_standard)))))
      and (open_at is null or exists (select from stations s where s.id = p.station_id
        and is_open(s.open_week, s.open_also, s.closed_on, s.time_zone, open_at)))
    order by p.position <-> ll_to_earth(lat, lon) limit most
  $$;
