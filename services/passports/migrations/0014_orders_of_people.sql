-- works with code from 0008
-- serialisations: those of a person, the latest first.
create index serialisations_of_user on serialisations (user_id, id);
