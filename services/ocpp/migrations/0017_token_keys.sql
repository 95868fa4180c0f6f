-- works with code from 0001
-- token_key: by what a token is known, however its charger writes it; see `keyOf`.
create function token_key(token json) returns text language sql immutable parallel safe
  return upper(coalesce(
    case when token ->> 'type' ~* '^(eMAID|MacAddress|EVCCID)$'
      then nullif(regexp_replace(token ->> 'idToken', '[-:*[:space:]]', '', 'g'), '') end,
    token ->> 'idToken'));

-- Whether a token charges somewhere.
create index transactions_by_key on transactions (token_key(token)) where ended_at is null;
drop index transactions_by_token;
