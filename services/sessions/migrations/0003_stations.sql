-- works with code from 0001
-- chargers: when it was said which station each stands for; one that has none any more keeps it until it has another.
alter table chargers drop column station_version, add column station_at timestamptz;
