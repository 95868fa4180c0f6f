import { attributes, categories, passportFrom, withheld } from '#law'

/** A provision of the law, where Ohmnibus keeps it, and the test that holds that; or why it does not stand yet. */
interface Row {
  readonly provision: string
  readonly what: string
  readonly where?: string
  /** The file, and the name of a test in it. */
  readonly test?: readonly [file: string, name: string]
  readonly later?: string
}

const dpp = 'services/passports/dpp/dpp.test.ts'
const units = 'services/passports/units/units.test.ts'
const lattice = 'test/lattice.test.ts'
const page = 'services/passports/public/page.test.ts'
const data = 'law/data.test.ts'
const service = 'services/passports/service.test.ts'

/** What an audience reads of a point of Annex XIII, and by which surfaces. */
const surfaces = 'GET /api/passports/{id}/attributes, /passport/{id}, GET /v1/dpps/{dppId}'
const audiences: Record<string, string> = {
  1: 'everybody',
  2: 'authorities and persons with a legitimate interest',
  3: 'authorities',
  4: 'persons with a legitimate interest',
}

/** Each letter of Annex XIII with what stands under it, as the table of attributes has it. */
export const lettersOfAnnex: readonly Row[] = [
  ...Map.groupBy(
    attributes.flatMap(({ id, label, references }) =>
      references.flatMap(reference => {
        const [, letter] = /^Annex XIII (\d(?:\([a-z]\))?)/.exec(reference) ?? []
        return letter ? [{ letter, id, name: label.en.replace(/^[A-Z](?![A-Z-])/, first => first.toLowerCase()) }] : []
      }),
    ),
    ({ letter }) => letter,
  ),
]
  .sort(([one], [other]) => (one < other ? -1 : 1))
  .map(([letter, those]): Row => {
    const isLater = those.every(({ id }) => categories.every(of => withheld(id, of, passportFrom.date)))
    return {
      provision: `Annex XIII ${letter}`,
      what:
        `for ${audiences[letter[0]!]}: ${those.map(({ name }) => name).join(', ')}` +
        (isLater ? '; their owner’s alone until it is to be filled' : ''),
      where: isLater || letter[0] === '1' ? surfaces : surfaces.replace(', /passport/{id}', ''),
      test: isLater
        ? [lattice, 'what is to be empty is kept, named to its owner alone, and opened on its day, by every surface']
        : [lattice, 'of a ${category} battery nothing leaves but what the law opens, and all of that'],
    }
  })

export const provisions: readonly Row[] = [
  {
    provision: 'Art. 77(1)',
    what: 'which batteries need a passport from 18 February 2027',
    where: 'GET /api/passports/{id}/readiness',
    test: [
      'law/formats.test.ts',
      'scope: EV and LMT always, industrial above 2 kWh alone, and what is unknown exempts nobody',
    ],
  },
  {
    provision: 'Art. 77(2)(a)',
    what: 'point 1 of Annex XIII for the public',
    where: 'GET /api/passports/{id}, /passport/{id}',
    test: [lattice, 'of a ${category} battery nothing leaves but what the law opens, and all of that'],
  },
  {
    provision: 'Art. 77(2)(b)',
    what: 'points 2 and 3 for authorities',
    where: 'GET /api/passports/{id}, …/attributes',
    test: [data, 'an authority reads no state of health, and who has a legitimate interest no test report'],
  },
  {
    provision: 'Art. 77(2)(c)',
    what: 'points 2 and 4 for persons with a legitimate interest',
    where:
      'PUT /api/passports/{id}/readers/{readerId}, who is named by its owner; POST /api/passports/{id}/requests, who asks',
    test: [lattice, 'an interest ends when its time is over, and when the owner takes it back'],
  },
  {
    provision: 'Art. 77(2)(c)',
    what: 'an interest that ends ends what was fetched by it too',
    where: 'GET /api/documents/{docId}',
    test: [
      lattice,
      'an interest that ends during a download: neither the link to a file nor the next part of it goes on',
    ],
  },
  {
    provision: 'Art. 77(2), third subparagraph, (b)',
    what: 'the purchaser of the battery',
    where: 'battery.sold',
    test: [lattice, 'events to buyers and calls of other services tell no more than point 1'],
  },
  {
    provision: 'Art. 77(3)',
    what: 'a unique identifier, kept once published',
    where: 'PUT /api/passports/{id}',
    test: [service, 'a published passport keeps its identifier, whatever else of it is corrected'],
  },
  {
    provision: 'Art. 77(3)',
    what: 'a code that leads to the passport',
    where: '/passport/{id}',
    test: [
      page,
      'the page opens in each language of the Union, without script, cookie or second origin, from what everybody may see',
    ],
  },
  {
    provision: 'Art. 77(3), EN 18219',
    what: 'the identifier on the battery is unique, and leads to its passport for ever',
    where: '/01/{gtin}…, /8004/{giai}, /id/{code}',
    test: [
      'services/passports/codes/resolver.test.ts',
      'a code opens for ever: after two corrections and a sale it leads to its battery, and never to another one',
    ],
  },
  {
    provision: 'Art. 77(3), the link on the battery',
    what: 'under the operator’s own host, once its domain is proven',
    where: 'PATCH /api/passports/settings',
    test: [
      'services/passports/units/hosts.test.ts',
      'links and codes name the host of an organisation once its domain is proven, whatever a request says, and as long as it is',
    ],
  },
  {
    provision: 'Art. 13(6)',
    what: 'what the code of a battery without passport leads to',
    where: '/passport/{id}',
    test: [
      'services/passports/codes/resolver.test.ts',
      'a battery that needs no passport has a page that never calls itself one',
    ],
  },
  {
    provision: 'Art. 13(4) and (5), Annex VI B',
    what: 'the bin in its size, and Cd and Pb below it from their shares on',
    where: 'GET /api/passports/{id}/label?symbols=true',
    test: [
      'services/passports/labels/labels.test.ts',
      'the bin has the size that the battery asks for, the sign of lead a quarter of it, and the code is still read',
    ],
  },
  {
    provision: 'Art. 13(4) and (5), Art. 74(1)(e)',
    what: 'what the bin and the signs of cadmium and lead mean',
    where: '/passport/{id}',
    test: [page, 'the page explains the signs of cadmium and lead where the battery has them, and only those'],
  },
  {
    provision: 'Art. 77(4)',
    what: 'accurate, complete and up to date: what is missing, by article and day',
    where: 'GET /api/passports/{id}/readiness',
    test: [units, 'readiness tells what is missing by article, before and after a day of the law'],
  },
  {
    provision: 'Art. 77(4)',
    what: 'who publishes answers for it: an economic operator',
    where: 'POST /api/passports/{id}/publish',
    test: [
      'services/passports/operators/operators.test.ts',
      'an organisation publishes once it is verified as one that answers for passports, and no more when it is not',
    ],
  },
  {
    provision: 'Art. 77(5)',
    what: 'open standards, exchange of data',
    where: 'GET /v1/dpps/{dppId}',
    test: [dpp, 'EN 18222: a passport is made, read by id, by product, by date, changed, and kept'],
  },
  {
    provision: 'Art. 77(6)',
    what: 'accessible to all that the lattice lets in',
    where: 'law/data/policy.json',
    test: [lattice, 'a mutation of the policy is noticed'],
  },
  { provision: 'Art. 77(7)', what: 're-use, repurposing, waste: a linked passport', later: 'second half' },
  { provision: 'Art. 77(8)', what: 'the passport ceases after recycling', later: 'second half' },
  {
    provision: 'Art. 77(9)',
    what: 'the act on who has a legitimate interest: not adopted; it will be a file, shown by what it changes',
    where: 'GET /api/passports/policy, …/policy/{policyId}',
    test: [
      'services/passports/audiences/policy.test.ts',
      'the policy says who sees what, and a coming one is shown by what it changes before it decides',
    ],
  },
  { provision: 'Art. 77(10)', what: 'the identifier in the registry of the Union', later: 'second half' },
  {
    provision: 'Art. 78(a)',
    what: 'interoperable, open, machine-readable',
    where: 'GET /api/exchange/passports/{id}?format=, /passport/{id} by Accept',
    test: [
      'services/passports/codes/resolver.test.ts',
      'the page is HTML, JSON of EN 18223, JSON-LD or PDF by what is accepted, with the same public values; of another form it names what there is',
    ],
  },
  {
    provision: 'Art. 78(a)',
    what: 'transferable: the data models of others in and out, what each cannot hold named',
    where: 'GET /api/exchange/formats, POST /api/exchange/convert',
    test: [
      'services/passports/exchange/formats.test.ts',
      'digits and units where the format has them, a report where it has not',
    ],
  },
  {
    provision: 'Art. 78(b)',
    what: 'free of charge, by access right',
    where: 'GET /api/passports/{id}',
    test: [lattice, 'a draft is nobody else’s, to each as one that is not there'],
  },
  {
    provision: 'Art. 78(c)',
    what: 'stored by the operator or in their name',
    where: 'one installation',
    later: 'nothing to test: whoever runs it stores it',
  },
  { provision: 'Art. 78(d)', what: 'not sold or re-used by who stores it', later: 'a promise of who runs it' },
  { provision: 'Art. 78(e)', what: 'available after the operator ceases', later: 'second half' },
  {
    provision: 'Art. 78(f)',
    what: 'rights to write are restricted',
    where: 'PUT /api/passports/{id}',
    test: ['services/passports/access.test.ts', 'in an organisation all read, and editors and stronger change'],
  },
  {
    provision: 'Art. 78(g)',
    what: 'authentication, reliability, integrity',
    where: 'GET /api/passports/{id}/proof',
    test: ['services/passports/history/history.test.ts', 'a changed row in the database is found, and named'],
  },
  {
    provision: 'Annex XIII 1 to 4, documents',
    what: 'each document at the point of what it proves',
    where: 'GET /api/documents?passportId=',
    test: [lattice, 'a document is hidden as one that is not there, and what its title says opens nothing'],
  },
  {
    provision: 'Art. 78(h)',
    what: 'security and privacy',
    where: 'GET /api/passports/{id}/access-log',
    test: [lattice, 'what is read above point 1 is logged before it is answered, and its owner sees by whom'],
  },
  {
    provision: 'Annex XIII',
    what: 'each attribute at its point',
    where: 'law/data/attributes.json',
    test: [data, 'each attribute has one point of Annex XIII, the same in the table and in the policy'],
  },
  ...lettersOfAnnex,
  {
    provision: 'Annex XIII 2, 3, 4',
    what: 'what some may see',
    where: 'law/data/policy.json',
    test: [data, 'audiences see 71, 83, 112 and 119 of them: a lattice, not a ladder'],
  },
  {
    provision: 'Annex XIII 4',
    what: 'values of the individual battery, over those of its model',
    where: 'PATCH /api/passports/{id}/attributes',
    test: [units, 'an item begins with what its batch and its model say, and says its own where it may'],
  },
  {
    provision: 'Guidance 1.0 and 2.0',
    what: '71 data points by category',
    where: 'law/data/rules.json',
    test: [data, 'the data points of the Commission add up: M 47/50/32, C 8/8/26, N 15/12/12, O 1/1/1'],
  },
  {
    provision: 'Guidance 1.0 and 2.0, acts that are pending',
    what: 'a rule set is tried on the fleet before it decides, and a draft never does',
    where: 'POST /api/passports/rules/checks',
    test: [
      'services/passports/units/sets.test.ts',
      'a set is tried on the fleet before it decides: how many passports it changes, and which',
    ],
  },
  {
    provision: 'Guidance 1.0 and 2.0, the whole fleet',
    what: 'what all passports lack on a day, as CSV and PDF too',
    where: 'GET /api/passports/readiness/report',
    test: [
      'services/passports/units/fleet.test.ts',
      'all passports of a fleet are counted, by model and by organisation, and told as files that run nothing',
    ],
  },
  {
    provision: 'Art. 7 and 8, Annex XIII 1(b), (c) and (e)',
    what: 'what holds of one plant names it, where its model is made in several',
    where: 'PATCH /api/passports/{id}/attributes',
    test: [units, 'of a model that is made in several plants values name theirs, wherever they are read and written'],
  },
  {
    provision: 'Art. 77(2), on the public page',
    what: 'which groups are kept for whom, and whom they ask',
    where: '/passport/{id}',
    test: [page, 'the page names which groups are kept for whom, and whom they ask, whether or not anything is there'],
  },
  {
    provision: 'Guidance 2.0, cells that are to be empty',
    what: 'kept, its owner’s alone and named, until the cell says otherwise',
    where: 'GET /api/passports/{id}/attributes',
    test: [lattice, 'what is to be empty is kept, named to its owner alone, and opened on its day, by every surface'],
  },
  {
    provision: 'Art. 48(1)',
    what: 'due diligence from 18 August 2027',
    where: 'GET /api/passports/readiness?compare=2027-08-18',
    test: [
      'test/journeys/august-2027.test.ts',
      '18 August 2027: a rule set arrives, what it changes is shown, the fleet is checked, and the day comes',
    ],
  },
  {
    provision: 'EN 18219',
    what: 'identifiers by GS1 Digital Link, DID, UUID',
    where: 'law/identifiers.ts',
    test: ['law/identifiers.test.ts', 'a link names its battery whatever the order of its keys, by one canonical path'],
  },
  {
    provision: 'EN 18222',
    what: 'the interface',
    where: '/v1',
    test: [dpp, 'EN 18222: an element by a path to exactly one node, closed the same with and without a value'],
  },
  {
    provision: 'EN 18223',
    what: 'the words: heads, elements, a dictionary',
    where: '/v1, /vocabulary',
    test: [dpp, 'EN 18223: both forms become each other without loss, and each reference leads somewhere'],
  },
  {
    provision: 'EN 18216',
    what: 'exchange: HTTPS with TLS 1.2 or newer, HTTP/2, HTML, JSON and JSON-LD at one address',
    where: '/passport/{id}, /v1',
    test: [
      'test/kernel/tls.test.ts',
      'HTTP/2 and HTTP/1.1 are served on one port, with TLS 1.3 and 1.2 and nothing older or weaker',
    ],
  },
  {
    provision: 'EN 18220',
    what: 'data carriers: QR and Data Matrix, with a line for people, each decoded before it leaves',
    where: 'GET /api/passports/{id}/label',
    test: [
      'services/passports/labels/labels.test.ts',
      'the code of a battery is its short link, or its GS1 Digital Link, in each format and kind of code',
    ],
  },
  {
    provision: 'EN 18221, archive',
    what: 'every change is kept, and read by its date with today’s rights',
    where: 'GET /api/passports/{id}?at=',
    test: [
      'services/passports/history/history.test.ts',
      'by date: an instant is inclusive, and before publication there is nothing for others',
    ],
  },
  { provision: 'EN 18221, back-up', what: 'held twice, by a provider of its own', later: 'second half' },
  {
    provision: 'EN 18239, access',
    what: 'rights by element, closed the same whether or not anything is there; each access noted',
    where: 'GET /v1/dpps/{dppId}/elements/{elementIdPath}',
    test: ['test/journeys/officer.test.ts', 'officer: scans a battery, shows who they are, reads the test report'],
  },
  {
    provision: 'EN 18239, grants',
    what: 'requested, given for some points, delegated, revoked in an emergency',
    later: 'second half',
  },
  {
    provision: 'EN 18246, integrity',
    what: 'a history that is bound and sealed, checked free of charge and without our help',
    where: 'GET /api/passports/{id}/proof',
    test: [page, 'what the page says of checking it is true: what its links give verifies without network'],
  },
  { provision: 'EN 18246, credentials', what: 'signed passports of the operator', later: 'second half' },
  { provision: 'IR (EU) 2026/1778', what: 'the registry', later: 'second half' },
]

/** `docs/guides/law.md`. */
export function lawGuide(): string {
  const rows = provisions.map(({ provision, what, where = '–', test, later }) => {
    const proof = test
      ? test[1]
        ? `\`${test[0]}\`: ${test[1].replace('${category}', '…')}`
        : `\`${test[0]}\``
      : `not yet: ${later}`
    return `| ${provision} | ${what} | ${where} | ${proof} |`
  })
  return `# The law, provision by provision

Regulation (EU) 2023/1542 and what goes with it: where Ohmnibus keeps each provision, and which test holds that. Made by \`npm run docs\`.

| provision | what | where | held by |
| --- | --- | --- | --- |
${rows.join('\n')}

What the law's data is made of, and what we decided where its sources disagree: [decision 33](../decisions/0033-the-law-as-data.md).
Who sees what: [guide](who-sees-what.md). What others say of it: [held against others](outside.md).
`
}
