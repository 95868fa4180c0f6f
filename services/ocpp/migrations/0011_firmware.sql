-- works with code from 0001
-- firmware_campaigns: new firmware for many chargers, a few at a time (`share`), at times of day where each is; after
-- `stop_after` failures no further charger is asked.
create table firmware_campaigns (
  id          uuid        primary key,
  owner_kind  text        not null check (owner_kind in ('person', 'organisation')),
  owner_id    uuid        not null,
  name        text        not null,
  firmware    json        not null,
  starts_at   timestamptz not null,
  window_from text,
  window_to   text,
  share       integer     not null check (share > 0),
  stop_after  integer     not null check (stop_after > 0),
  state       text        not null check (state in ('running', 'paused', 'stopped', 'cancelled', 'done')),
  created_at  timestamptz not null,
  ended_at    timestamptz,
  version     integer     not null default 1,
  check ((window_from is null) = (window_to is null))
);
create index firmware_campaigns_by_owner on firmware_campaigns (owner_id, id);
create index firmware_campaigns_running on firmware_campaigns (id) where state = 'running';

-- firmware_updates: new firmware for one charger, of a campaign or by itself; `ask_id` names the command that asks for it.
create table firmware_updates (
  id          uuid        primary key,
  campaign_id uuid        references firmware_campaigns on delete cascade,
  charger_id  text        not null,
  firmware    json        not null,
  request_id  integer,
  ask_id      uuid,
  state       text        not null
    check (state in ('waiting', 'asked', 'under-way', 'installed', 'failed', 'cancelled')),
  said        text,
  created_at  timestamptz not null,
  changed_at  timestamptz not null
);
create index firmware_updates_by_charger on firmware_updates (charger_id, id);
create index firmware_updates_by_campaign on firmware_updates (campaign_id, state, id);
-- A charger takes one at a time.
create unique index firmware_updates_active on firmware_updates (charger_id) where state in ('asked', 'under-way');
