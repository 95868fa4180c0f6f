-- works with code from 0007
-- Webhooks at which nothing arrives, and calls that were given up, as who runs the platform looks for them.
create index webhooks_failing on webhooks (id) where failing_since is not null or disabled_because in ('failures', 'gone');
create index webhook_calls_dead on webhook_calls (created_at, id) where status = 'dead';
