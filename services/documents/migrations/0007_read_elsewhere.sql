-- works with code from 0006
-- readings: what versions before noted; it goes over to the access log of `passports`, which has all that is read from now on.
comment on table readings is 'handed over to passports.access_log';
