-- works with code from 0003
-- payout_files: credit transfers for the bank, as they were written; never changed.
create table payout_files (
  id          uuid        primary key,
  currency    text        not null,
  count       integer     not null check (count > 0),
  total_minor bigint      not null check (total_minor > 0),
  xml         text        not null,
  created_by  uuid        not null,
  created_at  timestamptz not null
);
create index payout_files_by_age on payout_files (created_at, id);

-- payouts: money on its way to vendors. To whose account it goes is frozen when it is asked for.
create table payouts (
  id             uuid        primary key,
  vendor_id      uuid        not null references vendors,
  owner_kind     text        not null check (owner_kind in ('person', 'organisation')),
  currency       text        not null,
  amount_minor   bigint      not null check (amount_minor > 0),
  iban           text        not null,
  account_holder text        not null,
  status         text        not null
                 check (status in ('requested', 'approved', 'sent', 'paid', 'failed', 'cancelled')),
  -- Null where the platform pays out what somebody who left has left behind.
  requested_by   uuid,
  requested_at   timestamptz not null,
  -- Null for one that needs no second person.
  approved_by    uuid,
  approved_at    timestamptz,
  -- In one file for ever; null for what is sent otherwise, or not yet.
  file_id        uuid        references payout_files,
  sent_at        timestamptz,
  ended_at       timestamptz,
  ended_by       uuid,
  reason         text,
  version        integer     not null check (version > 0),
  -- Nobody approves what they asked for.
  check (approved_by <> requested_by)
);
create index payouts_of_vendor on payouts (vendor_id, requested_at, id);
create index payouts_by_age on payouts (requested_at, id);
create index payouts_by_status on payouts (status, requested_at, id);
create index payouts_of_file on payouts (file_id);

-- account_changes: where a vendor's money was to go, of the number its country and its end, for ever.
create table account_changes (
  id             uuid        primary key,
  vendor_id      uuid        not null references vendors,
  -- Null where it was taken away.
  iban           text,
  account_holder text,
  -- Whether there was another one before.
  replaced       boolean     not null,
  changed_by     uuid,
  changed_at     timestamptz not null
);
create index account_changes_of_vendor on account_changes (vendor_id, changed_at);
