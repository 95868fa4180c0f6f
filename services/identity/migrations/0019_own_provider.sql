-- works with code from 0001
-- The provider of an organisation, of those in the settings, and its issuer; with `only_provider` whoever acts for the organisation signed in by it.
alter table organisations add column provider text;
alter table organisations add column provider_issuer text collate "C";
alter table organisations add column only_provider boolean not null default false;
alter table organisations add check ((provider is null) = (provider_issuer is null));
alter table organisations add check (not only_provider or provider_issuer is not null);

-- By which issuer somebody signed in; and in what was made in such a session.
alter table sessions add column issuer text collate "C";
alter table pending_sign_ins add column issuer text collate "C";
alter table api_keys add column issuer text collate "C";
alter table client_grants add column issuer text collate "C";
