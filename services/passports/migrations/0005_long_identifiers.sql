-- works with code from 0004
-- identifier_whole: an identifier of more than 256 characters, whole, as no index takes it; `identifier` has its beginning.
alter table passports add column identifier_whole text;

-- What an index has of such a one.
create function digest_of(text) returns bytea language sql immutable strict parallel safe return sha256(convert_to($1, 'UTF8'));

drop index passports_identifier;
create unique index passports_identifier on passports (owner_id, identifier) where identifier is not null and identifier_whole is null;
create unique index passports_identifier_whole on passports (owner_id, digest_of(identifier_whole)) where identifier_whole is not null;

-- Dates are read with a zone too, as xs:date has it: they are looked for once more.
delete from filled_columns where name = 'manufacturedOn' and exists (select from passports);
