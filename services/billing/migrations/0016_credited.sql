-- works with code from 0001
-- charges: what of a session was given back by hand and counts, which is never more than it costs. Of what was given back
-- before and is more than that by a correction, the rest stays given.
alter table charges
  add column credited_net_minor bigint not null default 0,
  add column credited_tax_minor bigint not null default 0;
update charges c
set credited_net_minor = least(given.net_minor, c.net_minor), credited_tax_minor = least(given.tax_minor, c.tax_minor)
from (
  select session_id, sum(total_minor - tax_minor) as net_minor, sum(tax_minor) as tax_minor
  from credits where state = 'booked' group by session_id) given
where given.session_id = c.session_id;
