-- works with code from 0001
-- Nobody asks since when an account is there: it is made at its first use, whatever comes first.
alter table ledger_accounts drop column created_at;
