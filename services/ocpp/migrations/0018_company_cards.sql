-- works with code from 0001
-- company_cards: tokens that charge on a company's account, as was said last; blocked with the company, not with who
-- holds them, and for good once these have left it.
create table company_cards (
  card_id    uuid    primary key,
  token_id   uuid    not null,
  company_id uuid    not null,
  holder_id  uuid    not null,
  ended_for  text,
  version    integer not null
);
create index company_cards_by_token on company_cards (token_id);
create index company_cards_by_company on company_cards (company_id) where ended_for is null;

create or replace function follow_driver() returns trigger language plpgsql as $$
declare
  card record;
begin
  -- The one that charges now, else one whose holder has left.
  select company_id, ended_for into card from company_cards
  where token_id = new.id and holder_id = new.user_id and (ended_for is null or ended_for = 'left')
  order by ended_for nulls first limit 1;
  new.blocked_for := case
    when card.ended_for = 'left' then 'left'
    else (select reason from drivers_blocked where driver_id = coalesce(card.company_id, new.user_id)) end;
  return new;
end $$;
