-- works with code from 0020
-- A host of the owner's own, below a domain that they have proven, which links and codes of their passports name; null for `PUBLIC_URL`.
alter table settings add column public_host text;
