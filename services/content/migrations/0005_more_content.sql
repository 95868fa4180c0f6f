-- works with code from 0001
-- The first price begins with a station that drivers see; who has changed the tutorial meanwhile keeps theirs.
update articles set details = $md${
  "minutes": 10,
  "needs": [
    "A charger that is connected",
    "A driver with an account"
  ],
  "steps": [
    {
      "title": "Open the station",
      "text": "A charger that was accepted has a station that only its operator sees. Find it, and say where it stands:\n\n```sh\nSTATION=$(curl -sS localhost:8080/api/stations -H \"authorization: Bearer $OPERATOR\" | node -pe 'JSON.parse(fs.readFileSync(0)).items[0].id')\ncurl -sS -X PUT localhost:8080/api/stations/$STATION -H \"authorization: Bearer $OPERATOR\" -H 'content-type: application/json' -d '{\n  \"name\": \"Market square\", \"chargerId\": \"CP-1\", \"public\": true,\n  \"address\": { \"street\": \"Marktplatz 1\", \"postalCode\": \"10178\", \"city\": \"Berlin\", \"country\": \"DEU\" },\n  \"coordinates\": { \"latitude\": 52.520008, \"longitude\": 13.404954 }, \"timeZone\": \"Europe/Berlin\",\n  \"evses\": [{ \"evse\": 1, \"connectors\": [{ \"connector\": 1, \"standard\": \"IEC_62196_T2\", \"format\": \"SOCKET\", \"powerType\": \"AC_3_PHASE\", \"maxPowerW\": 22000 }] }]\n}'\n```\n\nIts `id` is `$STATION` in what follows."
    },
    {
      "title": "Say what charging costs",
      "text": "```sh\ncurl -sS localhost:8080/api/billing/tariffs -H \"authorization: Bearer $OPERATOR\" -H 'content-type: application/json' -d '{\n  \"name\": \"Day and night\",\n  \"terms\": { \"currency\": \"EUR\", \"taxIncluded\": true, \"elements\": [\n    { \"priceComponents\": [{ \"type\": \"ENERGY\", \"price\": \"0.39\" }], \"restrictions\": { \"startTime\": \"22:00\", \"endTime\": \"06:00\" } },\n    { \"priceComponents\": [{ \"type\": \"ENERGY\", \"price\": \"0.49\" }] } ] },\n  \"uses\": [{}]\n}'\n```\n\n`uses` says where it is in force: `{}` is wherever nothing nearer is."
    },
    {
      "title": "Ask for the price",
      "text": "```sh\ncurl -sS localhost:8080/api/billing/quote -H \"authorization: Bearer $DRIVER\" -H 'content-type: application/json' \\\n  -d \"{\\\"stationId\\\":\\\"$STATION\\\",\\\"evse\\\":1,\\\"connector\\\":1}\"\n```\n\nWhat is quoted is charged, if the session begins before the quote ends."
    },
    {
      "title": "Charge, and look",
      "text": "`GET /api/billing/charges/:sessionId` shows what a session costs, also while it runs, and how that comes about. `GET /api/billing/wallet` shows what is kept and what is left."
    }
  ],
  "checkedOn": "2026-11-30"
}$md$, changed_at = '2026-11-30T00:00:00Z', version = 2
where id = '27e7e2b5-5814-5845-8753-3255a2902c45' and version = 1;
insert into versions (article_id, version, slug, title, summary, body, tags, details, at)
select id, 2, slug, title, summary, body, tags, details, changed_at from articles
where id = '27e7e2b5-5814-5845-8753-3255a2902c45' and version = 2 and changed_at = '2026-11-30T00:00:00Z';

-- What the shop does, for who buys and who sells there; a name that is taken stays with who has it.
insert into articles (id, kind, language, family, slug, owner_kind, owner_id, title, summary, body, tags, details, state, published_at,
  changed_at, created_at, version)
select id::uuid, kind, 'en', id::uuid, slug, 'person', '00000000-0000-0000-0000-000000000000', title, summary, body, tags, details::json, 'published',
  '2026-11-30T00:00:00Z', '2026-11-30T00:00:00Z', '2026-11-30T00:00:00Z', 1
from (values
  ('2aa0e643-56d2-5b3b-8e42-d6a0dac7f60f', 'help', 'buy-in-the-shop', $md$Buy in the shop$md$, $md$From the cart to what was bought: how long pieces are kept, and where licences and files are.$md$, array['shop', 'order'], $md$What is put [into the cart](/cart) stays there for whoever is signed in, on every device. Nothing is kept for you yet: pieces are held when you order, and are free again if nobody pays in time.

1. [The checkout](/checkout) shows what it costs in all, with tax and sending, before you order. That is what is charged.
2. You pay at the page of the payment provider. Without an account an address of mail is enough; a mail brings a link to the order.
3. [Your orders](/orders) show what was paid, what is on its way, invoices, licence keys and downloads.

## Several vendors

An order of several vendors is paid once and comes in parts, one a vendor. Each part has its own invoice.$md$,
   $md${
  "world": "market",
  "checkedOn": "2026-11-30",
  "questions": [
    {
      "question": "I paid, and the order says that it waits.",
      "answer": "Word of a payment comes from the provider, mostly within seconds. Should it be lost, the platform asks by itself; nothing is charged twice."
    },
    {
      "question": "May I cancel?",
      "answer": "As long as nothing was sent, at the order. The money goes back the way it came."
    }
  ]
}$md$),
  ('6f284d2b-fd96-5d70-8e27-35c4aa3c44f0', 'help', 'give-something-back', $md$Give something back$md$, $md$You changed your mind, or something is broken: what to do, and when the money is back.$md$, array['shop', 'return'], $md$[Open the order](/orders) and say what goes back and why. Two reasons have different times:

| reason | until |
| --- | --- |
| you changed your mind | 14 days after all of the part has arrived |
| it is broken, or not what was ordered | two years after it has arrived |

Who runs this platform may give more days, never fewer than the law gives. A photograph helps where something is broken. The vendor agrees, or says why not; as soon as it is back with them the money goes back the way it came.

Licence keys and downloads cannot be given back; ask the vendor for a refund.$md$,
   $md${
  "world": "market",
  "checkedOn": "2026-11-30",
  "questions": [
    {
      "question": "The vendor refuses. What now?",
      "answer": "The reason stands at the return. Write to who runs this platform: an admin can decide in place of the vendor."
    }
  ]
}$md$),
  ('a0a60eb0-fdab-5e6c-818f-6aa97b1bf49c', 'help', 'sell-and-be-paid', $md$Sell, and be paid$md$, $md$How one becomes a vendor, what the platform keeps, and when money arrives.$md$, array['vendor', 'payout'], $md$A vendor is a person or an organisation. The profile has a checklist: name, address and tax number as invoices need them, the account that earnings go to, what proves who you are, and the terms. When it is complete an admin decides, and you hear of it.

## What is yours

What a buyer pays is yours but for the commission, which is frozen on each line when it is ordered. Each figure has its postings:

| account | what is in it |
| --- | --- |
| pending | sold, and not settled yet |
| available | settled: can be paid out |
| paying | asked for, on its way |
| paid | has left the account of the platform |

A part of an order is settled fourteen days after all of it has arrived. What is refunded goes back with its share of the commission.

## Be paid

Ask for a payout of what is available. Larger ones, and those in the week after the account was changed, wait for an admin who has nothing to do with you.$md$,
   $md${
  "world": "market",
  "checkedOn": "2026-11-30",
  "questions": [
    {
      "question": "Why is less available than I sold?",
      "answer": "What was sold in the last fourteen days is pending, and what was given back after it was paid out is taken from what is sold next."
    }
  ]
}$md$)
) more (id, kind, slug, title, summary, tags, body, details)
where not exists (select from slugs where slugs.kind = 'help' and slugs.language = 'en' and slugs.slug = more.slug);
insert into slugs (kind, language, slug, article_id)
select a.kind, a.language, a.slug, a.id from articles a
where a.created_at = '2026-11-30T00:00:00Z' and a.owner_id = '00000000-0000-0000-0000-000000000000' on conflict do nothing;
insert into versions (article_id, version, slug, title, summary, body, tags, details, at)
select id, 1, slug, title, summary, body, tags, details, created_at from articles
where created_at = '2026-11-30T00:00:00Z' and owner_id = '00000000-0000-0000-0000-000000000000' and version = 1;
