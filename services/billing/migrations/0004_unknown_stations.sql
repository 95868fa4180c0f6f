-- works with code from 0001
-- Charges that wait until somebody knows where their charger stands.
create index charges_nowhere on charges (charger_id) where agreed_at is null and state in ('running', 'due');
