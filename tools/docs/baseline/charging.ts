import { row } from './row.ts'

const handshake = 'services/ocpp/handshake.test.ts'
const messages = 'services/ocpp/messages/messages.test.ts'
const commands = 'services/ocpp/commands/commands.test.ts'
const chargers = 'services/ocpp/chargers/chargers.test.ts'
const hostile = 'services/ocpp/hostile.test.ts'
const tokens = 'services/ocpp/tokens/tokens.test.ts'
const bookings = 'services/booking/bookings/bookings.test.ts'
const ledger = 'money/ledger.test.ts'

/** A charging network. */
export const charging = [
  row('C1', 'OCPP over WebSocket, three versions', 'GET /ocpp/:identity', {
    [handshake]: [
      'of the versions a charger offers the first that is known is spoken; one who offers none is let in and sent away',
      'a connection whose other end is gone without a word is found by pings',
    ],
    [hostile]: ['what is no message is refused in the words of its version, and kept'],
  }),
  row('C2', 'messages held to the official schemas', '', {
    [messages]: ['everything that a charger of ${version} may send is answered as its schema has it'],
  }),
  row('C3', 'security profiles', 'POST /api/ocpp/chargers/:id/password', {
    [handshake]: [
      'a charger that has a password comes in with it alone, as text or as the bytes that its hexadecimal stands for',
      'ports of their own take chargers, over TLS too, where a certificate proves one and its serial number is held to',
      'of two connections of one identity the newer one stays, and nobody is told that the charger was away',
    ],
    [chargers]: ['of two passwords the former is good until the new one is used for the first time'],
  }),
  row('C4', 'chargers that nobody knows', 'POST /api/ocpp/chargers/:id/approve', {
    [chargers]: ['a stranger waits until an operator approves it, and works from then on without connecting again'],
  }),
  row('C5', 'all messages of chargers', '', {
    [messages]: [
      'every action of ${version} is a command or is taken from chargers, and only data is transferred both ways',
    ],
    'services/ocpp/charging.test.ts': ['a charger of ${version} charges a car, and each step is a fact'],
  }),
  row('C6', 'all commands to chargers', 'POST /api/ocpp/chargers/:id/commands/:command', {
    [commands]: [
      'every action of ${version} that a charger takes can be sent, in any case of letters',
      'says why there is no answer that goes along with it',
    ],
  }),
  row('C7', 'on disk before it is answered', '', {
    'test/fault/chargers.test.ts': [
      'killed with everything it has while cars charge, the platform has each session once, with all its energy',
    ],
    [hostile]: [
      'the same StartTransaction three times is one transaction, whatever ids the messages have',
      'after a day without a connection five hundred messages arrive in their order with their old times',
    ],
  }),
  row('C8', 'messages and facts as events', 'GET /api/ocpp/chargers/:id/stream', {
    'services/ocpp/log/log.test.ts': ['has every frame both ways, as it was, and goes on where it was left'],
    [messages]: ['of its connectors as events is what it would have told as status'],
  }),
  row('C9', 'several gateways', 'GET /api/ocpp/chargers/:id/messages', {
    [commands]: ['goes to the process that has the connection'],
    'test/processes/chargers.test.ts': [
      'chargers behind the gateway go on where they were when the process that has their connections is killed',
    ],
    'services/ocpp/log/log.test.ts': [
      'are found by action, direction, outcome, error, text and time, the latest first',
    ],
  }),
  row(
    'C10',
    'who may charge, also off-line',
    'GET /api/ocpp/chargers/:id/local-list, PUT /api/ocpp/chargers/:id/local-list',
    {
      [tokens]: [
        'where anybody may charge everybody does, there and then, and nobody is remembered for it',
        '2.x hears of the group and until when to remember',
      ],
      'services/ocpp/local-list/local-list.test.ts': ['is sent whole once, and by what differs from then on'],
    },
  ),
  row(
    'C11',
    'routes of chargers and tokens',
    `GET /api/ocpp/chargers, POST /api/ocpp/chargers, GET /api/ocpp/chargers/:id, PUT
      /api/ocpp/chargers/:id, DELETE /api/ocpp/chargers/:id, GET /api/ocpp/tokens, POST /api/ocpp/tokens,
      PUT /api/ocpp/tokens/:id, DELETE /api/ocpp/tokens/:id`,
    {
      [chargers]: [
        'what is said of a charger changes, with its version',
        'a charger that is forgotten loses its connection, and comes again as a stranger',
      ],
      [tokens]: ['a card is made, charges, is blocked, and charges no more; its case does not matter'],
    },
  ),
  row(
    'C12',
    'stations',
    `GET /api/stations, POST /api/stations, GET /api/stations/:id, PUT /api/stations/:id, DELETE
      /api/stations/:id, GET /api/stations/nearby, /api/stations/stream, /api/stations/:id/uptime, POST
      /api/stations/import`,
    {
      'services/stations/service.test.ts': [
        'an operator makes a station, describes it anew and deletes it; drivers see it while it is public',
      ],
      'services/stations/nearby/nearby.test.ts': [
        'stations are found around a position, the nearest first, by connector and power',
      ],
      'services/stations/uptime/uptime.test.ts': [
        'uptime follows from what the charger said, in whatever order that was told, less what is excluded',
      ],
      'services/stations/transfer/transfer.test.ts': ['what is exported is imported again without a change'],
    },
  ),
  row(
    'C13',
    'sessions',
    'GET /api/sessions, /api/sessions/:id, /api/sessions/active, POST /api/sessions/start, /api/sessions/:id/stop',
    {
      'services/sessions/service.test.ts': ['a car charges at a charger of 1.6, and its session is exact'],
      'services/sessions/remote.test.ts': [
        'a driver starts and stops a session of 1.6 without a card, and it is theirs',
      ],
      'services/sessions/energy.test.ts': [
        'a register that rolls over counts on, wherever that happens and whatever is missing',
      ],
      'services/sessions/forgotten.test.ts': [
        'a session whose connector is free for minutes is closed, with the reason',
      ],
    },
  ),
  row(
    'B1',
    'wallets in double entry',
    'GET /api/billing/wallet, POST /api/billing/wallet/top-ups, /api/billing/wallet/refunds',
    {
      [ledger]: [
        'whatever happens in whatever order and however often, the sum of all is zero and nobody has less than they may',
      ],
      'services/billing/wallets/top-ups.test.ts': [
        'has what was paid into it once the provider says so, once, whoever tells of it first',
      ],
    },
  ),
  row('B2', 'tariffs', 'POST /api/billing/tariffs, PUT /api/billing/tariffs/:id, POST /api/billing/quote', {
    'money/tariff-price.test.ts': [
      'is energy, time and a fee for the session, each at its price',
      'changes with the hour of the place, in the middle of a session',
    ],
    'services/billing/charges/charges.test.ts': [
      'keeps the price it began with: the tariff changes, and is withdrawn, while it goes on',
    ],
  }),
  row('B3', 'invoices', 'GET /api/billing/invoices/:id/pdf, /api/billing/invoices/:id/ubl', {
    'money/invoices.test.ts': [
      'numbers have no gaps among 20 transactions at once of which some fail after they had one',
      'a credit note cites its invoice, mirrors it to the last unit, and is there once',
    ],
  }),
  row('B4', 'a session is charged once', 'GET /api/billing/charges/:sessionId', {
    'services/billing/charges/charges.test.ts': [
      'is charged once, however often its end is told, out of order, and before its begin',
      'who has too little owes the rest, is blocked for it, and is served again once it is given back',
    ],
  }),
  row(
    'B5',
    'routes of billing',
    'GET /api/billing/invoices, /api/billing/invoices/:id, /api/billing/tariffs, POST /api/billing/invoices/:id/pay',
    {
      'services/billing/tariffs/tariffs.test.ts': ['is said, changed with its version and withdrawn, and each is told'],
      'services/billing/invoices/open-invoices.test.ts': [
        'is paid by who bought, by card, once, whoever tells of it; what is paid twice is theirs',
      ],
    },
  ),
  row('C14', 'bookings', 'POST /api/bookings, GET /api/bookings, POST /api/bookings/:id/cancel', {
    [bookings]: [
      'of twenty who book one slot at once one gets it',
      'a charger keeps a booking from its begin on, is asked again when it comes back, and lets it go',
      'who comes in time is served, and who does not is a no-show who pays what was shown',
    ],
  }),
  row(
    'C15',
    'maintenance',
    `GET /api/maintenance/incidents, POST /api/maintenance/incidents, /api/maintenance/tickets,
      /api/maintenance/tickets/:id/assign, /api/maintenance/tickets/:id/start,
      /api/maintenance/tickets/:id/resolve, /api/maintenance/tickets/:id/close, GET
      /api/maintenance/technicians`,
    {
      'services/maintenance/incidents/incidents.test.ts': [
        'a faulted connector opens an incident once, and it closes when the connector has been well for a while',
      ],
      'services/maintenance/tickets/tickets.test.ts': [
        'a ticket goes from opened to closed, and what cannot be done is refused with what can',
      ],
      'services/maintenance/technicians/technicians.test.ts': [
        'who is near, knows it and has little to do is proposed first, with reasons, and anybody may be chosen',
      ],
    },
  ),
  row(
    'C16',
    'analytics',
    `GET /api/analytics/series, /api/analytics/summary, /api/analytics/top, /api/analytics/export, POST
      /api/analytics/rebuild`,
    {
      'services/analytics/service.test.ts': [
        'figures of charging: series with every interval, groups, time zones, bad luck with the order of things',
      ],
      'services/analytics/rebuild.test.ts': [
        'figures are made anew beside those that are shown, and come out the same',
      ],
    },
  ),
  row('E1', 'cookies, and the reference', 'GET /docs, /api/docs', {
    'test/kernel/browsers.test.ts': [
      'a cookie counts like a bearer token, and a change by cookie must come from a page of ours',
    ],
    'test/browser/reference.test.ts': ['the reference shows every route and asks nobody else for anything'],
  }),
  row('E2', 'migrations before anything listens', '', {
    'test/kernel/migrate.test.ts': [
      'a migration that fails leaves nothing of itself, is named with the place, and runs again once it is mended',
      'of many processes that start at once on an empty database one migrates and the others wait for it',
    ],
  }),
  row('E3', 'a simulated charger', '', {
    'tools/simulate/simulate.test.ts': [
      'a car takes less as it fills and while it is cold, and never more than it or the plug can',
    ],
    'test/journeys/first-charger.test.ts': [
      'first charger, ${site}: it connects, is let in, charges a car, and the session is exact',
    ],
  }),
  row(
    'E4',
    'beyond: certificates of contracts, roaming, smart charging',
    '',
    {
      'services/ocpp/tokens/contracts.test.ts': [
        'the certificate of a contract is held to its root, its time and its number',
      ],
    },
    'roaming by OCPI, a limit of power that a site shares by profiles, sessions that feed the passport of the battery',
  ),
]
