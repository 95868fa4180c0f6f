-- The two filters that take few values, together, for one owner: each alone is met soon on the way through any order, both may meet rarely or never.
create index passports_by_category_status on passports (owner_id, category, status, created_at, id);

-- Over all owners the planner has to know which of them meet: it would walk past a million rows to find a pair that does not.
create statistics passports_together (mcv) on category, status from passports;
analyze passports;
