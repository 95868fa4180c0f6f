-- works with code from 0001
-- order_parts: all that was sold, by when; gift cards by when they were made.
create index order_parts_by_age on order_parts (created_at desc, id desc);
create index gift_cards_by_age on gift_cards (created_at, id);
create index coupons_by_age on coupons (created_at, id);
