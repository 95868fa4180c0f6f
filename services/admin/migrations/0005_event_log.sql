-- Who runs the platform looks through the event log of this database and at what failed, and lets that be tried again; writes nothing of it otherwise.
grant select on kernel.log, kernel.subscriptions, kernel.cursors, kernel.dead_letters to admin;
grant update (state, next_at, attempts, told_at) on kernel.dead_letters to admin;
create policy looked_through on kernel.log for select to admin using (true);
create policy looked_through on kernel.subscriptions for select to admin using (true);
create policy looked_through on kernel.cursors for select to admin using (true);
create policy looked_through on kernel.dead_letters for select to admin using (true);
create policy tried_again on kernel.dead_letters for update to admin using (state = 'dead') with check (state = 'retrying');
