-- works with code from 0018
-- Whether the owner owes due diligence, as they declare it; null where they did not.
alter table settings add column due_diligence boolean;

-- The data points that are mandatory and lacking in the time of the row; `ready` is where there are none.
alter table assessments add column missing smallint[] not null default '{}';
