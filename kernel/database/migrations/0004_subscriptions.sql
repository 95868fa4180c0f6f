-- works with code from 0003: it finds its tables under their former names, `lanes` and `parked`, which are views here.

-- In the order in which a reaction takes them, so that none at work and this wait for each other.
lock table lanes, parked, subscriptions, log in access exclusive mode;

-- subscriptions: what reacts to what. `name` is what others refer to it by, and stays whatever becomes of the words; one from before has it from the words
-- of that time, and no `id` until code with a reaction to its topic takes it over. `purpose` is for people. It handles what was published since
-- `begins_at`, or all there is. `orphaned_at`: since when code that runs its service, or code that knows no such service, knows no such reaction.
alter table subscriptions add column id text, add column purpose text, add column begins_at timestamptz, add column orphaned_at timestamptz;
create unique index subscriptions_id on subscriptions (service, topic, id);

-- cursors: how far each reaction has come in each partition of its topic; moved in the transaction of the effect. The log is one partition (-1), of Kafka
-- each is one. `at_offset` is the last one handled; `position` the last position of the log, so that what a relay sends twice is skipped; `generation`
-- grows when somebody takes the partition, so that who had it before can no longer move it; `incarnation` is Kafka's id of the topic, which one that is
-- made anew does not have.
alter table lanes rename to cursors;
alter table cursors rename column lane to partition;
alter table cursors rename constraint lanes_pkey to cursors_pkey;
alter table cursors rename constraint lanes_subscription_fkey to cursors_subscription_fkey;
create view lanes with (security_invoker) as
  select subscription, partition as lane, service, at_offset, position, generation, incarnation, updated_at from cursors;
-- What the column itself says is not known to the view.
alter view lanes alter column generation set default 0, alter column incarnation set default '', alter column updated_at set default now();
grant select, insert, update, delete on lanes to kernel;
grant select, update on lanes to ohmnibus_service;

-- dead_letters: events whose reaction failed, whole, as they may have come over Kafka from another database. `retrying` are tried again by themselves, `dead`
-- wait for a person, `waiting` stand behind one of their key. `told_at`: when it was sent to the topic of dead letters.
alter table parked rename to dead_letters;
alter table dead_letters rename column parked_at to failed_at;
alter table dead_letters rename constraint parked_pkey to dead_letters_pkey;
alter table dead_letters rename constraint parked_id_key to dead_letters_id_key;
alter table dead_letters rename constraint parked_subscription_fkey to dead_letters_subscription_fkey;
alter table dead_letters rename constraint parked_state_check to dead_letters_state_check;
alter index parked_due rename to dead_letters_due;
alter index parked_key rename to dead_letters_key;
alter index parked_untold rename to dead_letters_untold;
create view parked with (security_invoker) as
  select id, subscription, position, service, key, state, attempts, error, next_at, failed_at as parked_at, topic, event_id, trace_id, actor, data,
    published_at, told_at from dead_letters;
alter view parked alter column id set default gen_random_uuid(), alter column attempts set default 0, alter column next_at set default now(),
  alter column parked_at set default now();
grant select, insert, update, delete on parked to kernel, ohmnibus_service;

-- Who reads the log learns from locks who still writes to it.
alter table log drop column xid;
