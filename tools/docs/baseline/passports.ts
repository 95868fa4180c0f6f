import { row } from './row.ts'

const service = 'services/passports/service.test.ts'
const access = 'services/passports/access.test.ts'
const search = 'services/passports/search.test.ts'
const units = 'services/passports/units/units.test.ts'
const documents = 'services/documents/service.test.ts'
const notifications = 'services/notifications/service.test.ts'
const lattice = 'test/lattice.test.ts'
const page = 'services/passports/public/page.test.ts'

/** Battery passports, their documents and messages. */
export const passports = [
  row('P1', 'make a passport', 'POST /api/passports', {
    [service]: ['is made with the body of the baseline and answered whole', 'is made once for one Idempotency-Key'],
  }),
  row('P2', 'read it as its reader may', 'GET /api/passports/:id', {
    [lattice]: ['of a ${category} battery nothing leaves but what the law opens, and all of that'],
    [access]: ['without a token there is nothing'],
  }),
  row('P3', 'change it', 'PUT /api/passports/:id', {
    [service]: [
      'is made by new data, with who, when and what',
      'follows the last one when many change a passport at once, and none is lost',
    ],
  }),
  row('P4', 'delete a draft, archive what was published', 'DELETE /api/passports/:id', {
    [service]: [
      'a draft is deleted, and everything with it',
      'once published it is kept: deleting archives it, and after that nothing changes it',
    ],
  }),
  row('P5', 'search', 'GET /api/passports', {
    [search]: [
      'holds what one searches for',
      'are complete and without repeats in every order, while passports are added, for owners and admins',
    ],
  }),
  row('D1', 'upload a document', 'POST /api/documents/upload', {
    [documents]: [
      'a document is answered whole, with a type from its content, and published',
      'a large file passes through without being held in memory',
    ],
  }),
  row('D2', 'read it', 'GET /api/documents/:docId', {
    [documents]: [
      'downloads honour ranges',
      'a link is refused when anything of it was changed, and after five minutes',
    ],
  }),
  row('D3', 'change what is said of it', 'PUT /api/documents/:docId', {
    [documents]: ['metadata changes with If-Match; of two at once one is stale'],
  }),
  row('D4', 'delete it', 'DELETE /api/documents/:docId', {
    [documents]: [
      'a deleted document is gone with its file, once',
      'files without a document are removed once they are old, documents without a file are found and found again',
    ],
  }),
  row('N1', 'messages of all events', '', {
    [notifications]: [
      'each of them is told to whom it concerns, in their language, once',
      'events delivered again, late and in any order tell everybody the same, once',
    ],
    'services/notifications/webhooks.test.ts': [
      'what happens to an organisation’s things is sent to its address, once, and signed as Standard Webhooks says',
    ],
  }),
  row(
    'N2',
    'the list of one’s messages, live, and what one wants to hear',
    `GET /api/notifications, POST /api/notifications/:id/read, GET /api/notifications/preferences, PUT
      /api/notifications/preferences, GET /api/notifications/stream`,
    {
      'services/notifications/routes.test.ts': [
        'reading is idempotent, keeps its first time, and empties the unread list',
        'what somebody switched off stays away, what they switched on comes, in the language they chose',
      ],
      'services/notifications/stream.test.ts': [
        'a notification arrives live in every tab of its reader and in nobody else’s, as the list shows it',
      ],
    },
  ),
  row(
    'R1',
    'a typed model, inherited from models and batches',
    'GET /api/passports/:id/attributes, PATCH /api/passports/:id/attributes, GET /api/passports/:id/children',
    {
      [units]: [
        'an item begins with what its batch and its model say, and says its own where it may',
        'an item that overrides chemistry is refused, one that says the same is not',
      ],
      'law/data.test.ts': ['each attribute has one point of Annex XIII, the same in the table and in the policy'],
    },
  ),
  row(
    'R2',
    'rules as dated data, and readiness',
    'GET /api/passports/:id/readiness, GET /api/passports/readiness, GET /api/passports/rules, POST /api/passports/rules/checks',
    {
      [units]: ['readiness tells what is missing by article, before and after a day of the law'],
      'services/passports/units/fleet.test.ts': [
        'a fleet is counted by category on a day, with what it lacks by article and what 18 August 2027 changes',
        'all passports of a fleet are counted, by model and by organisation, and told as files that run nothing',
      ],
      'services/passports/units/publication.test.ts': [
        'publishing answers what is missing; who decides so publishes nothing that lacks it, by no way',
      ],
      'services/passports/units/readiness.test.ts': [
        'each finding names who brings it, what to do, where the law says so and where it is done',
        'due diligence is asked of whoever declares to owe it, and decides who is ready',
        'what changes in use grows stale, and what is measured anew is fresh',
      ],
      'services/passports/units/sets.test.ts': [
        'a draft decides nothing on any day, and is there to be read',
        'a set is tried on the fleet before it decides: how many passports it changes, and which',
      ],
      [lattice]: ['what is to be empty is kept, named to its owner alone, and opened on its day, by every surface'],
      'law/data.test.ts': ['due diligence is of later, and from 18 August 2027 of who owes it'],
    },
  ),
  row('R3', 'access as a lattice', 'PUT /api/passports/:id/readers/:readerId, GET /api/passports/:id/access-log', {
    [lattice]: [
      'a hidden change moves no number, no time, no tag, no order and no list',
      'searching for a hidden word finds nothing',
      'a rule set that empties what was open closes it everywhere on its day, and one that fills opens it',
      'a mutation of the policy is noticed',
    ],
  }),
  row('R4', 'the public page behind the code', 'GET /passport/:id', {
    [page]: [
      'the page opens in each language of the Union, without script, cookie or second origin, from what everybody may see',
    ],
    'services/passports/codes/resolver.test.ts': [
      'links by type and as a linkset name what is open to everybody, and no type that GS1 has not',
      'the page is HTML, JSON of EN 18223, JSON-LD or PDF by what is accepted, with the same public values; of another form it names what there is',
    ],
  }),
  row(
    'R5',
    'every version kept and readable by date',
    'GET /api/passports/:id/versions, /api/passports/:id/proof, /api/passports/:id/access-log/proof, /api/passports/checkpoints',
    {
      'services/passports/history/history.test.ts': [
        'each reader proves the history of what they see, and of nothing else',
        'a changed row in the database is found, and named',
      ],
      'services/passports/history/access.test.ts': [
        'who read a passport is bound day by day, sealed with its history, and checked by the same program',
      ],
      [service]: ['is readable by the time at which it was the present one'],
      [lattice]: ['what is read above point 1 is logged before it is answered, and its owner sees by whom'],
    },
  ),
  row('R6', 'the interface of EN 18222 and the form of EN 18223', '', {
    'services/passports/dpp/dpp.test.ts': [
      'EN 18222: a passport is made, read by id, by product, by date, changed, and kept',
      'EN 18223: both forms become each other without loss, and each reference leads somewhere',
    ],
  }),
  row('R7', 'signed passports that are verified off-line', '', {}, 'all of it'),
  row(
    'R8',
    'import and labels in bulk',
    `POST /api/passports/:id/items, GET /api/passports/:id/items/:orderId, /api/passports/:id/items/:orderId/errors,
      POST /api/passports/import, POST /api/passports/labels`,
    {
      'services/passports/bulk/serials.test.ts': [
        '2,500 serials of a published model become published items that are found, read by everybody and told of in chunks',
        'orders of two owners over the same codes, in two processes: each code is one battery’s',
      ],
      'services/passports/exchange/exchange.test.ts': [
        'XLSX, JSON, NDJSON, UTF-16, Windows-1252 and heads in other languages say the same',
      ],
      'services/passports/labels/labels.test.ts': [
        'a sheet has the items of a model, page after page, and nothing of others',
      ],
      'test/fault/passports.test.ts': [
        'killed with everything it has between the steps of an order for items and of an import, it makes each once and loses none',
      ],
    },
  ),
  row(
    'R9',
    'formats of others',
    '',
    {
      'services/passports/passports.test.ts': [
        'are filled from BatteryPass 1.2, BatteryPass-Ready 1.0 and Catena-X 6.1',
      ],
    },
    'what is read from them are the facts that one searches by; whole import and export with a report of losses is not there',
  ),
  row('R10', 'values that change, fed by batteries and sessions', '', {}, 'all of it'),
  row(
    'R11',
    'the life after the first one',
    '',
    {
      [access]: ['who bought a battery reads its passport from then on, once, and its maker still answers for it'],
    },
    'new linked passports, waste, the end of a passport',
  ),
  row(
    'R12',
    'the desk for a legitimate interest',
    'PUT /api/passports/:id/readers/:readerId',
    {
      [lattice]: ['an interest ends when its time is over, and when the owner takes it back'],
    },
    'requests and evidence; grants with an end and the log for both sides are there',
  ),
  row(
    'R13',
    'registry and back-up',
    '',
    {
      'test/backup.test.ts': [
        'backed up under load and destroyed, it is there again: all that was acknowledged before, whole, every effect once',
      ],
    },
    'files for the registry and one to test against',
  ),
]
