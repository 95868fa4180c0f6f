-- works with code from 0001
-- What comes with the platform, to be changed or deleted like anything else. Readers are told of none of it: nobody subscribed before it was there.
insert into articles (id, kind, language, family, slug, owner_kind, owner_id, title, summary, body, tags, details, state, published_at,
  changed_at, created_at, version)
select id::uuid, kind, 'en', id::uuid, slug, 'person', '00000000-0000-0000-0000-000000000000', title, summary, body, tags, details::json, 'published',
  '2026-11-29T00:00:00Z', '2026-11-29T00:00:00Z', '2026-11-29T00:00:00Z', 1
from (values
  ('481fc955-1c14-5569-889d-40835e092d37', 'help', 'sign-in-and-accounts', $md$Sign in, and look after your account$md$, $md$How an account is made, what to do when the password is lost, and how to leave.$md$, array['account', 'password'], $md$An account begins with an address and a password. A mail brings a six-digit code, good for ten minutes; with it the account is there. The answer of the platform is the same for addresses that it knows and that it does not know, so nobody learns from it who has an account.

## The password is lost

Open [Forgotten password](/api/auth/forgotten-password). A mail brings a link and a code, good for half an hour and once. All sessions end when the password is new, on every device.

## Where am I signed in?

[Your devices](/api/auth/devices) lists every session with its last use. End one, or all of them, there.

## Leave

`DELETE /api/auth/profile` with the password deletes the account: name, address, sessions and messages go at once. Passports and documents that others rely on stay, of an owner without a name.$md$,
   $md${
  "world": "people",
  "checkedOn": "2026-11-29",
  "questions": [
    {
      "question": "No mail came. What now?",
      "answer": "Look in the folder for unwanted mail, then ask for another code: the one before is good no more. In evaluation mode without a mail server each mail is a file in the data folder, under `notifications`."
    },
    {
      "question": "Can two people share an account?",
      "answer": "Better not: make an organisation and invite each other. Then it can be seen who did what."
    }
  ]
}$md$),
  ('cc3ef097-5b94-5534-b0ec-0b236f8d8607', 'help', 'work-as-an-organisation', $md$Work together as an organisation$md$, $md$Passports, chargers and shops belong to an organisation; its people come and go.$md$, array['organisation', 'roles'], $md$Whoever is signed in can make an organisation, and is its owner. Invite others by mail; the link in it is good once.

| role | may |
| --- | --- |
| owner | everything, also make others owners and delete the organisation |
| admin | invite and remove people, change what the organisation has |
| editor | make and change passports, stations, products |
| viewer | read |

What you make while you act for an organisation belongs to it. Switch with `POST /api/auth/organisations/:id/switch`, or on the page [Your organisations](/api/auth/memberships).$md$,
   $md${
  "world": "people",
  "checkedOn": "2026-11-29"
}$md$),
  ('d881dd82-69ff-5450-be34-bd7e7f3a3a50', 'help', 'what-is-a-battery-passport', $md$What is a battery passport?$md$, $md$Which batteries need one, from when, and who answers for it.$md$, array['passport', 'law'], $md$From 18 February 2027 each battery of an electric vehicle, of a light means of transport, and each industrial battery above 2 kWh that is placed on the market in the European Union needs a digital passport (Regulation (EU) 2023/1542, Article 77). Whoever places the battery on the market answers for it: the maker, or who imports it.

A passport here begins as a draft. Nothing is lost while you write: every change is a version, and any earlier version can be read again. Published, it is kept: its identifier does not change any more, and it cannot be deleted.

## What it has to say at least

To be published a passport names the battery (`batteryIdentifier`), its category and its model. Everything else can follow as a new version.$md$,
   $md${
  "world": "passports",
  "checkedOn": "2026-11-29",
  "questions": [
    {
      "question": "Does a battery that is repaired need a new passport?",
      "answer": "If it is prepared for another use, or made anew, it gets a passport of its own that is linked with the old one (Article 77(7)). A mere repair does not."
    }
  ]
}$md$),
  ('8d6eb860-b11e-5a3c-9038-bc0fd3fdd653', 'help', 'share-a-passport', $md$Show a passport to somebody$md$, $md$Readers by account, organisation or address, and how to take it back.$md$, array['passport', 'sharing'], $md$`POST /api/passports/:id/readers` takes the id of an account or organisation, or simply an address: whoever has no account yet is invited, and reads the passport once they have proven the address. `DELETE` takes it back at once. A passport has 200 readers at most.

Readers see documents that are attached to the passport too, once the virus scanner has looked at them where one is configured.$md$,
   $md${
  "world": "passports",
  "checkedOn": "2026-11-29"
}$md$),
  ('98eb47a6-838c-5cd4-958e-3352ae7bb5bd', 'help', 'connect-a-charger', $md$A charger does not connect$md$, $md$What to look at, in the order in which it mostly is.$md$, array['ocpp', 'charger'], $md$1. **The address.** Chargers mostly want it without the identity, and add their own: `ws://host:8080/ocpp`, behind TLS `wss://host/ocpp`.
2. **The sub-protocol.** `ocpp1.6`, `ocpp2.0.1` or `ocpp2.1` has to be offered in the handshake. A charger that offers none is refused, and the log says so.
3. **The policy.** In production an unknown charger has to bring a password, and waits until an operator approves it. `GET /api/ocpp/chargers?status=pending` lists who waits.
4. **The clock.** A charger whose clock is wrong refuses the certificate of the platform. Its answer to BootNotification brings the right time.

`GET /api/ocpp/chargers/:id/messages?outcome=error` shows what was said and what was wrong with it; `…/stream` shows it live.$md$,
   $md${
  "world": "charging",
  "checkedOn": "2026-11-29"
}$md$),
  ('d3b26d23-194d-524e-924d-0c17a9139f89', 'help', 'cards-and-apps', $md$Start charging: card, app or neither$md$, $md$Who may start where, and what a card that is refused lacks.$md$, array['card', 'driver'], $md$A charger asks the platform for each card (`Authorize`). The answer is one of OCPP: `Accepted`, `Blocked`, `Expired`, `Invalid` (nobody knows it) or `ConcurrentTx` (it charges somewhere already).

Operators keep cards under `/api/ocpp/tokens`; a card can belong to a driver, so that sessions are theirs. Drivers start and stop from afar by `POST /api/sessions/start` and `/api/sessions/:id/stop`.

A driver who owes more than the operator allows is refused until they have paid; the message says how much.$md$,
   $md${
  "world": "charging",
  "checkedOn": "2026-11-29"
}$md$),
  ('d7c0db7c-0257-5c45-9f4f-3220dd3535ad', 'help', 'what-charging-costs', $md$What charging costs, and when it is paid$md$, $md$Tariffs, quotes, wallets and holds in plain words.$md$, array['price', 'wallet', 'invoice'], $md$A price that is shown before a session is the price that is charged: the quote is kept, and named on the invoice.

While a session runs the price of some energy is kept in the wallet. When it ends, what is due is taken and the rest is free again. What the wallet lacks is owed; the next money that comes in pays it first.

Invoices come after each session, or once a month, as PDF and as electronic invoice (EN 16931) in one file.$md$,
   $md${
  "world": "charging",
  "checkedOn": "2026-11-29",
  "questions": [
    {
      "question": "Why is more kept than I used?",
      "answer": "Nobody knows at the beginning how much you will charge. What is not used is free again the moment the session is booked."
    },
    {
      "question": "Can a price change while I charge?",
      "answer": "No. What was in force when the session began counts until it ends."
    }
  ]
}$md$),
  ('c0e41b2e-2f6c-52ba-9715-e23f988e255c', 'help', 'report-a-fault', $md$Something does not work at a station$md$, $md$Report it in a minute, and hear when it is over.$md$, array['fault', 'station'], $md$On the page of the station follow "Report it here". Say what is wrong; a photograph helps. Dangerous things come first: smoke, bare wires, a plug that is hot.

What several people report of the same thing is one incident. You can read what became of yours under `GET /api/maintenance/incidents`, and whether it is over.$md$,
   $md${
  "world": "charging",
  "checkedOn": "2026-11-29"
}$md$),
  ('96c3924c-b067-577f-9ade-89606722c63c', 'help', 'messages', $md$Which messages you get, and how$md$, $md$In the application, by mail, or not at all: by kind of event.$md$, array['messages', 'mail'], $md$`GET /api/notifications` lists your messages, `/api/notifications/stream` brings them live. What you did yourself you are not told. Many of a kind become one.

By kind of event you choose between in the application, by mail, both, or neither; what concerns security always comes.$md$,
   $md${
  "world": "platform",
  "checkedOn": "2026-11-29"
}$md$),
  ('034fda65-b1ac-5878-9b13-b8b4ae989037', 'help', 'for-developers', $md$For developers: the API, and what it promises$md$, $md$One document for all services, one shape for every error, one rule for retries.$md$, array['api', 'developers'], $md$The [reference](/docs) is made from what the services declare, and there is an OpenAPI 3.1 document, an AsyncAPI 3 document and a Postman collection that runs as it stands.

- **Errors** are problems (RFC 9457): `code` is for programs and never changes its meaning, `detail` is for people.
- **Retries.** Send `Idempotency-Key` with what makes something: sent twice, it happens once, and the answer is the same.
- **Changes at the same time.** `ETag` and `If-Match`: who changes what somebody else has changed meanwhile hears `412`.
- **Lists** have pages by cursor: follow `next` until it is `null`.$md$,
   $md${
  "world": "platform",
  "checkedOn": "2026-11-29"
}$md$),
  ('43541a78-5838-5e1c-b322-13bc6a6ac681', 'tutorial', 'first-passport', $md$Your first battery passport$md$, $md$From an empty platform to a published passport that somebody else reads.$md$, array['passport', 'start'], $md$All steps can be pasted into a terminal. `$TOKEN` is an access token: sign in by `POST /api/auth/login`.$md$,
   $md${
  "minutes": 10,
  "needs": [
    "A platform that runs (`npm start`)",
    "curl"
  ],
  "steps": [
    {
      "title": "Write a draft",
      "text": "```sh\ncurl -sS localhost:8080/api/passports -H \"authorization: Bearer $TOKEN\" -H 'content-type: application/json' \\\n  -d '{\"data\":{\"generalInformation\":{\"batteryIdentifier\":\"BP-1\",\"batteryCategory\":\"EV\",\"batteryModel\":\"M1\",\"batteryMass\":450}}}'\n```\n\nThe answer has the `id` of the passport. Keep it as `$PASSPORT`."
    },
    {
      "title": "Attach a document",
      "text": "```sh\nprintf 'Declaration of conformity\\n' > declaration.txt\ncurl -sS localhost:8080/api/documents/upload -H \"authorization: Bearer $TOKEN\" \\\n  -F passportId=$PASSPORT -F kind=declaration-of-conformity -F file=@declaration.txt\n```"
    },
    {
      "title": "Publish it",
      "text": "```sh\ncurl -sS -X POST localhost:8080/api/passports/$PASSPORT/publish -H \"authorization: Bearer $TOKEN\"\n```\n\nFrom now on it is kept. Changing it makes a version; the versions are under `/api/passports/:id/versions`."
    },
    {
      "title": "Let somebody read it",
      "text": "```sh\ncurl -sS localhost:8080/api/passports/$PASSPORT/readers -H \"authorization: Bearer $TOKEN\" -H 'content-type: application/json' \\\n  -d '{\"email\":\"grace@example.com\"}'\n```\n\nGrace gets a mail with a link to the passport."
    }
  ]
}$md$),
  ('213b8abb-2231-57be-bd60-ad6ed6bea335', 'tutorial', 'first-charger', $md$Connect your first charger$md$, $md$A charger, or what pretends to be one, and its first session.$md$, array['ocpp', 'charger', 'start'], $md$In evaluation mode a charger that nobody knows is registered and accepted. `$TOKEN` is the access token of an operator or admin.$md$,
   $md${
  "minutes": 10,
  "needs": [
    "A platform that runs (`npm start`)",
    "A charger that speaks OCPP 1.6, 2.0.1 or 2.1, or `npx wscat`"
  ],
  "steps": [
    {
      "title": "Tell the charger where we are",
      "text": "In the settings of the charger: `ws://<host>:8080/ocpp`. The identity is what you call it, `CP-1` here. Without a charger:\n\n```sh\nnpx wscat -c ws://localhost:8080/ocpp/CP-1 -s ocpp1.6\n```"
    },
    {
      "title": "Let it say who it is",
      "text": "A charger does so by itself. In `wscat` type:\n\n```\n[2,\"1\",\"BootNotification\",{\"chargePointVendor\":\"Voltaic\",\"chargePointModel\":\"V2-22\"}]\n```\n\nThe answer says `Accepted`."
    },
    {
      "title": "Make a card",
      "text": "```sh\ncurl -sS localhost:8080/api/ocpp/tokens -H \"authorization: Bearer $TOKEN\" -H 'content-type: application/json' \\\n  -d '{\"idToken\":\"CARD-1\",\"label\":\"My first card\"}'\n```"
    },
    {
      "title": "Charge",
      "text": "Hold the card to the charger, or type:\n\n```\n[2,\"2\",\"StartTransaction\",{\"connectorId\":1,\"idTag\":\"CARD-1\",\"meterStart\":0,\"timestamp\":\"2027-01-01T08:00:00Z\"}]\n```\n\n`GET /api/sessions/active` shows the session."
    }
  ]
}$md$),
  ('27e7e2b5-5814-5845-8753-3255a2902c45', 'tutorial', 'first-price', $md$Set a price, and see a session charged$md$, $md$A tariff with day and night, a quote, and what a session costs.$md$, array['price', 'tariff', 'start'], $md$Nothing costs anything until a tariff is in force. `$OPERATOR` is the access token of who owns the charger, `$DRIVER` that of a driver.$md$,
   $md${
  "minutes": 10,
  "needs": [
    "A charger that is connected",
    "A driver with an account"
  ],
  "steps": [
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
  ]
}$md$)
) first (id, kind, slug, title, summary, tags, body, details);
insert into slugs (kind, language, slug, article_id) select kind, language, slug, id from articles;
insert into versions (article_id, version, slug, title, summary, body, tags, details, at)
select id, 1, slug, title, summary, body, tags, details, created_at from articles;
