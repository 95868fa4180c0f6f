import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { OrganisationKindsChanged } from '#contracts/identity'
import type { OrganisationKind } from '#contracts/shared'
import { newId, type Actor } from '#kernel'
import { attributes, languages, type Attribute } from '#law'
import type { InjectOptions } from 'fastify'
import { strFromU8, unzipSync } from 'fflate'
import { documents } from '../../services/documents/service.ts'
import { publicIdOf } from '../../services/passports/codes/codes.ts'
import { open as openPassports } from '../../services/passports/testing.ts'
import { textsIn } from '../../services/passports/labels/codes.ts'
import { textOfPdf } from '../pdf.ts'

/** Passports and documents whose every part bears a marker of its own, and each surface on which something of them leaves. */

export async function open(t: TestContext, options: Parameters<typeof openPassports>[1] = {}) {
  const of = await openPassports(t, options, [], [documents])
  await verify(of, ['authority'], 1)
  return of
}

/** An organisation that was verified as an authority. */
export const bureau = newId()

/** What an admin has verified it to be, as identity tells of it. */
export async function verify(
  { p }: Pick<Awaited<ReturnType<typeof openPassports>>, 'p'>,
  kinds: readonly OrganisationKind[],
  version: number,
): Promise<void> {
  await p.publish(OrganisationKindsChanged, {
    organisationId: bureau,
    kinds: [...kinds],
    identifiers: [],
    decided: null,
    version,
  })
  await p.settle()
}

let counter = 0
/** Digits that stand nowhere else, in a value that its attribute takes. */
const next = (): string => String(70_000_000 + ++counter * 13)

/** A value of the attribute and the marker that it carries. */
function marked(attribute: Attribute): { value: unknown; marker: string } {
  const { id, type, unit } = attribute
  const marker = next()
  const text = `zq${marker}`
  // What may not be above a hundred has its marker behind the point.
  const digits = unit === '%' || unit === '%/month' || unit === '°C' ? `1.${marker}` : marker
  const number = { value: ['cycles', 'events'].includes(unit ?? '') ? marker : digits, unit }
  const values: Partial<Record<typeof type, unknown>> = {
    quantity: number,
    count: number,
    bySoc: [{ soc: '80', ...number }],
    byPart: { pack: number },
    readings: { value: [{ at: '2027-02-18', value: digits, unit }] },
    month: { value: `2027-02` },
    date: { value: '2027-02-18' },
    duration: { value: `P${marker}D` },
    uri: { value: `https://example.com/${text}` },
    links: { value: [`https://example.com/${text}`] },
    symbol: { value: `https://example.com/${text}` },
    document: { value: { title: text, url: 'https://example.com/' } },
    documents: { value: [{ title: text, url: 'https://example.com/' }] },
    texts: { value: [text] },
    localized: { value: [{ language: 'en', value: text }] },
    contact: { value: { name: text } },
    contacts: { value: [{ name: text }] },
    chemistry: { value: { clearName: text } },
    materials: { value: [{ name: text }] },
    parts: { value: [{ name: text }] },
    events: { value: [{ description: text }] },
    enum: { value: id === 'batteryStatus' ? 're-used' : undefined },
  }
  const value = values[type] ?? { value: text }
  const found = /\b2027-02(-18)?\b|re-used/.exec(JSON.stringify(value))
  return {
    value: { ...(Array.isArray(value) || type === 'byPart' ? { value } : (value as object)), evidence: `ev${marker}` },
    marker: type === 'month' || type === 'date' || type === 'enum' ? (found?.[0] ?? '') : marker,
  }
}

/** Attributes that somebody writes, but what says of which category it is, and what has no marker that could be told. */
export const written = attributes.filter(({ otherwise, id }) => otherwise !== 'computed' && id !== 'batteryCategory')

/** A document, what of the law it proves, and at which point: written from Annex XIII, not from the policy. */
export interface Paper {
  kind: string
  proves: string | null
  point: number | null
  docId: string
  marker: string
}

const papers: Pick<Paper, 'kind' | 'proves' | 'point'>[] = [
  { kind: 'declaration-of-conformity', proves: 'euDeclarationOfConformity', point: 1 },
  { kind: 'manual', proves: null, point: 1 },
  { kind: 'instructions', proves: 'instructionsForUse', point: 1 },
  { kind: 'due-diligence', proves: 'dueDiligenceReport', point: 1 },
  { kind: 'carbon-footprint-study', proves: 'carbonFootprintStudyLink', point: 1 },
  { kind: 'dismantling', proves: 'dismantlingInformation', point: 2 },
  { kind: 'safety-sheet', proves: 'safetyMeasures', point: 2 },
  { kind: 'spare-parts', proves: 'sparePartSources', point: 2 },
  { kind: 'test-report', proves: 'testReportResults', point: 3 },
  // Of a kind that the law does not know what its owner says counts; without a word it is theirs alone.
  { kind: 'other', proves: 'batteryMass', point: 1 },
  { kind: 'other', proves: 'partNumbers', point: 2 },
  { kind: 'other', proves: 'commodityCode', point: 3 },
  { kind: 'other', proves: 'accidents', point: 4 },
  { kind: 'public', proves: null, point: null },
]

export interface Case {
  id: string
  papers: Paper[]
  category: string
  markers: Map<string, string>
  evidence: string[]
  owner: Partial<Actor>
  /** What somebody asked, brought and ordered that is between them and its owner. */
  between: Between
}

interface Between {
  readonly requestId: string
  readonly importId: string
  /** A model, and an order for items of it. */
  readonly model: string
  readonly orderId: string
  readonly markers: readonly string[]
}

/** Stores a document of the passport for its owner: its title, its name and its content bear the marker. */
export async function upload(
  of: Awaited<ReturnType<typeof open>>,
  owner: Partial<Actor>,
  { passportId, kind, attribute }: { passportId: string; kind: string; attribute?: string },
): Promise<{ docId: string; marker: string }> {
  const marker = `zd${next()}`
  const boundary = 'zqboundary'
  const fields = { title: `public ${marker}`, kind, passportId, ...(attribute && { attribute }) }
  const parts = Object.entries(fields).map(
    ([name, value]) => `--${boundary}\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  )
  const file = `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="${marker}.txt"\r\n\r\nin ${marker}`
  const answer = await of.p.http.inject({
    method: 'POST',
    url: '/api/documents/upload',
    headers: { ...of.p.signedIn(owner), 'content-type': `multipart/form-data; boundary=${boundary}` },
    payload: `${parts.join('')}${file}\r\n--${boundary}--\r\n`,
  })
  assert.equal(answer.statusCode, 201, answer.body)
  return { docId: answer.json().docId, marker }
}

/**
 * Somebody asks its owner for a passport, who brings a file with a row that is refused, and orders items twice of one
 * number: what they say bears markers.
 */
async function between(
  of: Awaited<ReturnType<typeof open>>,
  owner: Partial<Actor>,
  passportId: string,
): Promise<Between> {
  const ada = of.as(owner)
  const [reason, row, serial] = [`zr${next()}`, `zi${next()}`, `zs${next()}`]
  const purpose = { name: 'Somebody', purpose: 'treatment', reason }
  const asked = await of.as({ userId: newId() }).post(`/${passportId}/requests`, purpose)
  assert.equal(asked.status, 201, asked.text)
  const file = `identifier,category,model,Battery mass [kg]\n${row},EV,M1,heavy ${row}\n`
  const brought = await of.p.http.inject({
    method: 'POST',
    url: '/api/passports/import',
    headers: { ...of.p.signedIn(owner), 'content-type': 'text/csv' },
    payload: file,
  })
  assert.ok(brought.statusCode < 300, brought.body)
  const said = { attributes: { batteryCategory: { value: 'EV' }, batteryModelIdentifier: { value: `M ${serial}` } } }
  const model = (await ada.post('', { data: said, granularity: 'model' })).body.id
  const ordered = await ada.post(`/${model}/items`, { serials: [serial, serial] })
  assert.equal(ordered.status, 202, ordered.text)
  await of.p.settle()
  return {
    requestId: asked.body.id,
    importId: brought.json().id,
    model,
    orderId: ordered.body.id,
    markers: [reason, row, serial],
  }
}

const known = new Set(['declaration-of-conformity', 'manual', 'due-diligence', 'carbon-footprint-study', 'dismantling'])
const isKnown = (kind: string): boolean =>
  known.has(kind) || ['instructions', 'safety-sheet', 'spare-parts', 'test-report'].includes(kind)

export async function published(
  of: Awaited<ReturnType<typeof open>>,
  category: string,
  owner: Partial<Actor>,
): Promise<Case> {
  const all = written.map(attribute => [attribute.id, marked(attribute)] as const)
  const values = Object.fromEntries(all.map(([id, { value }]) => [id, value]))
  const ada = of.as(owner)
  const { id } = await ada.make({
    attributes: { ...values, batteryCategory: { value: category } },
    hidden: { note: 'zqhidden1', batteryMass: 'zqhidden2' },
    generalInformation: { batteryMass: { value: 5, unit: 'kg', margin: 'zqhidden3' } },
  })
  const stored: Paper[] = []
  for (const paper of papers) {
    const { kind, proves } = paper
    const attribute = isKnown(kind) || proves === null ? {} : { attribute: proves }
    stored.push({ ...paper, ...(await upload(of, owner, { passportId: id, kind, ...attribute })) })
  }
  assert.equal((await ada.post(`/${id}/publish`)).status, 200)
  const own = await between(of, owner, id)
  return {
    id,
    papers: stored,
    category,
    owner,
    between: own,
    markers: new Map(all.map(([id, { marker }]) => [id, marker])),
    evidence: [
      ...all.map(([, { marker }]) => `ev${marker}`).filter(text => text.length > 4),
      ...own.markers,
      'zqhidden1',
      'zqhidden2',
      'zqhidden3',
    ],
  }
}

/** A published item that says no more than its number, of a published model that says all else. */
export async function inherited(
  of: Awaited<ReturnType<typeof open>>,
  category: string,
  owner: Partial<Actor>,
): Promise<Case & { model: string; said: object }> {
  const all = written.map(attribute => [attribute.id, marked(attribute)] as const)
  const isOwn = (id: string): boolean => ['uniqueBatteryIdentifier', 'batterySerialNumber'].includes(id)
  const valuesOf = (own: boolean) =>
    Object.fromEntries(all.flatMap(([id, { value }]) => (isOwn(id) === own ? [[id, value]] : [])))
  const said = {
    attributes: { ...valuesOf(false), batteryCategory: { value: category } },
    hidden: { note: 'zqhidden4' },
  }
  const ada = of.as(owner)
  const model = (await ada.post('', { data: said, granularity: 'model' })).body.id
  assert.equal((await ada.post(`/${model}/publish`)).status, 200)
  const made = await ada.post('', { data: { attributes: valuesOf(true) }, parentId: model })
  assert.equal(made.status, 201, made.text)
  assert.equal((await ada.post(`/${made.body.id}/publish`)).status, 200)
  const own = await between(of, owner, made.body.id)
  return {
    id: made.body.id,
    model,
    said,
    papers: [],
    category,
    owner,
    between: own,
    markers: new Map(all.map(([id, { marker }]) => [id, marker])),
    evidence: [
      ...all.map(([, { marker }]) => `ev${marker}`).filter(text => text.length > 4),
      ...own.markers,
      'zqhidden4',
    ],
  }
}

/** What left by each surface. */
export type Surfaces = Readonly<Record<string, string>>

const inFormats = [
  'ohmnibus-1',
  'batterypass-1.2',
  'batterypass-ready-1.0',
  'idta-02035',
  'idta-02035-aas',
  'idta-02035-aasx',
  'catena-x-6.1',
  'en18223',
  'untp-0.7',
  'csv',
  'xlsx',
]

/** What is in a packed file, as text. */
const unpacked = (bytes: Buffer): string =>
  bytes.subarray(0, 2).toString('latin1') === 'PK'
    ? Object.entries(unzipSync(new Uint8Array(bytes)))
        .map(([name, one]) => `${name} ${strFromU8(one)}`)
        .join('\n')
    : bytes.toString()

const mergePatch = 'application/merge-patch+json'

const elementOf = (dpp: string, { group, id }: Pick<Attribute, 'group' | 'id'>): string =>
  `${dpp}/elements/${encodeURIComponent(`$['${group}']['${id}']`)}`

/** Every request that `surfaces` made in this process: `GET /api/passports`. */
export const asked = new Set<string>()

/** Every surface on which something about a passport leaves, as the texts that leave there. */
export async function surfaces(
  of: Awaited<ReturnType<typeof open>>,
  { id, papers, category, markers, owner, between }: Case,
  reader: Partial<Actor> | undefined,
): Promise<Surfaces> {
  const headers = reader ? of.p.signedIn(reader) : {}
  const inject = async (request: InjectOptions) => {
    asked.add(`${request.method ?? 'GET'} ${String(request.url).split('?')[0]}`)
    return await of.p.http.inject(request)
  }
  const get = async (url: string): Promise<string> => {
    const answer = await inject({ url, headers })
    return `${answer.statusCode} ${JSON.stringify(answer.headers)} ${answer.body}`
  }
  const fileOf = async (url: string): Promise<string> => {
    const file = await inject({ url, headers })
    return `${file.statusCode} ${JSON.stringify(file.headers)} ${unpacked(file.rawPayload)}`
  }
  const as = async (url: string, accept: string): Promise<string> =>
    (await inject({ url, headers: { ...headers, accept } })).body
  const printed = async (url: string): Promise<string> => {
    const answer = await inject({ url, headers: { ...headers, accept: 'application/pdf' } })
    return answer.statusCode === 200 ? textOfPdf(answer.rawPayload) : answer.body
  }
  const picture = async (url: string): Promise<string> => {
    const answer = await inject({ url, headers })
    if (answer.statusCode !== 200) return answer.body
    // What the code in it says, and what is written beside the picture.
    return `${(await textsIn(answer.rawPayload)).join()} ${answer.rawPayload.toString('latin1')}`
  }
  const drawn = async (url: string): Promise<string> => {
    const answer = await inject({ url, headers })
    return answer.statusCode === 200 ? textOfPdf(answer.rawPayload) : answer.body
  }
  const send = async (
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    url: string,
    payload?: object,
    type?: string,
  ) => {
    const answer = await inject({
      method,
      url,
      headers: { ...headers, ...(payload && { 'content-type': type ?? 'application/json' }) },
      ...(payload && { payload: JSON.stringify(payload) }),
    })
    return `${answer.statusCode} ${JSON.stringify(answer.headers)} ${answer.body}`
  }
  /** What is refused; those who may do it would change what the others see. */
  const refused: typeof send = async (...asked) =>
    reader === owner || reader?.role === 'admin' ? '' : await send(...asked)
  /** What another rule set would change of all that is theirs. */
  const ruleCheck = async (): Promise<string> => {
    const url = '/api/passports/rules/checks'
    const begun = await inject({ method: 'POST', url, headers, payload: { set: 'ec-1.0' } })
    if (begun.statusCode !== 202) return begun.body
    await of.p.settle()
    return `${begun.body} ${await get(`${url}/${begun.json().id}`)}`
  }
  // After the newest version there is, whatever the time is for the platform.
  const at = '2099-01-01T00:00:00.000Z'
  const [api, dpp] = [`/api/passports/${id}`, `/v1/dpps/urn:uuid:${id}`]
  const product = `zq${markers.get('uniqueBatteryIdentifier')}`
  // What is refused says no more than that, whatever stands there already.
  const refusable = { testReportResults: null, batteryStatus: { value: 'waste' }, partNumbers: { value: 5 } }
  return {
    read: await get(api),
    past: await get(`${api}?at=${encodeURIComponent(at)}`),
    attributes: await get(`${api}/attributes`),
    attributesPast: await get(`${api}/attributes?at=${encodeURIComponent(at)}`),
    versions: await get(`${api}/versions`),
    proof: await get(`${api}/proof`),
    compressed: await get(dpp),
    full: await get(`${dpp}?representation=full`),
    byDate: await get(`/v1/dppsByIdAndDate/${id}?date=${encodeURIComponent(at)}`),
    // Each in the same way, so those of one category tell of all.
    elements: category === 'LMT' ? (await Promise.all(written.map(one => get(elementOf(dpp, one))))).join(' ') : '',
    ...Object.fromEntries(
      await Promise.all(
        // Each in the same way but for one that has a table a category, so those of one category tell of all.
        inFormats
          .filter(name => category === 'LMT' || ['ohmnibus-1', 'batterypass-ready-1.0'].includes(name))
          .map(async format => {
            const url = `/api/exchange/passports/${id}?format=${format}`
            const file = await inject({ url: `${url}&download=true`, headers })
            // What a format asks for is named whether it is there or not; the rest of the report is looked through.
            const report = (await get(url)).replace(/"attribute":"[^"]*"/g, '')
            return [`format ${format}`, [JSON.stringify(file.headers), unpacked(file.rawPayload), report].join('\n')]
          }),
      ),
    ),
    exported: await get('/api/passports/export?format=idta-02035'),
    ...Object.fromEntries(
      await Promise.all(
        ['csv', 'ndjson', 'xlsx'].flatMap(format =>
          ['', `&parentId=${id}`].map(async of => {
            const url = `/api/passports/export?format=${format}${of}`
            return [`export ${format}${of && ' of one'}`, await fileOf(url)]
          }),
        ),
      ),
    ),
    label: await get(`${api}/label?format=svg&symbols=true`),
    labelForPrinters: await get(`${api}/label?format=zpl`),
    sheet: await send('POST', '/api/passports/labels', { passportIds: [id] }),
    labelAsPicture: await picture(`${api}/label?format=png&symbols=true`),
    labelOnPaper: await drawn(`${api}/label?format=pdf&symbols=true`),
    sheetDrawn: await send('POST', '/api/passports/labels', { passportIds: [id], format: 'svg', symbols: true }),
    byProduct: await get(`/v1/dppsByProductId/${product}`),
    byProducts: await send('POST', '/v1/dppsByProductIds', [product]),
    patched: await refused('PATCH', `${api}/attributes`, { attributes: refusable }),
    merged: await refused('PATCH', dpp, { labels: { testReportResults: null } }, mergePatch),
    element: await refused('PATCH', elementOf(dpp, { group: 'labels', id: 'testReportResults' }), {}),
    notDeleted: await refused('DELETE', dpp),
    children: await get(`${api}/children`),
    list: await get('/api/passports?limit=100'),
    count: await get('/api/passports/count'),
    readers: await get(`${api}/readers`),
    readiness: await get(`${api}/readiness`),
    log: await get(`${api}/access-log`),
    logCounted: await get(`${api}/access-log/count`),
    logProof: await get(`${api}/access-log/proof`),
    ready: await get(`/api/passports?readiness=ready`),
    notReady: await get(`/api/passports?readiness=not_ready`),
    page: await get(`/passports/${id}`),
    public: await get(`/passport/${id}`),
    code: await get(`/id/${publicIdOf(id)}`),
    linkset: await get(`/id/${publicIdOf(id)}?linkType=linkset`),
    json: await as(`/passport/${id}`, 'application/json'),
    linked: await as(`/passport/${id}`, 'application/ld+json'),
    // Each in the same way, so those of one category tell of all.
    translated: (
      await Promise.all(
        (category === 'LMT' ? Object.keys(languages) : ['mt']).map(tag => get(`/passport/${id}?lang=${tag}`)),
      )
    ).join(' '),
    pdf: await printed(`/passport/${id}`),
    head: JSON.stringify((await inject({ method: 'HEAD', url: api, headers })).headers),
    changed: await refused('PUT', api, { data: {} }),
    documents: await get(`/api/documents?passportId=${id}&limit=100`),
    documentsOfKind: await get(`/api/documents?passportId=${id}&kind=other`),
    counted: await get(`/api/documents/count?passportId=${id}`),
    ownDocuments: await get('/api/documents?limit=100'),
    ...Object.fromEntries(
      await Promise.all(
        papers.map(async ({ docId }, at) => {
          const one = `/api/documents/${docId}`
          const [single, download, page] = [
            await get(one),
            await get(`${one}?download=1`),
            await get(`/documents/${docId}`),
          ]
          const { href } = new URL(/"url":"([^"]*)"/.exec(single)?.[1] ?? 'http://localhost/nothing')
          const link = await get(href.slice(new URL(href).origin.length))
          const changed = await inject({ method: 'PUT', url: one, headers, payload: { title: 'mine' } })
          return [`document ${at}`, [single, download, page, link, changed.body].join('\n')]
        }),
      ),
    ),
    fleet: await get('/api/passports/readiness?limit=100'),
    fleetSummary: await get('/api/passports/readiness/summary?by=model'),
    fleetReport: await get('/api/passports/readiness/report?format=csv'),
    fleetOnPaper: await drawn('/api/passports/readiness/report?format=pdf&by=model'),
    ...(category === 'LMT' && { ruleCheck: await ruleCheck() }),
    requests: await get('/api/passports/requests?limit=100'),
    requestsCounted: await get('/api/passports/requests/count'),
    requestsAsked: await get('/api/passports/requests?as=asker&limit=100'),
    request: await get(`/api/passports/requests/${between.requestId}`),
    ...Object.fromEntries(
      await Promise.all(
        ['give', 'refuse', 'ask', 'answer', 'withdraw', 'revoke'].map(async move => {
          const said = {
            refuse: { reason: 'x' },
            ask: { question: 'x' },
            answer: { answer: 'x' },
            revoke: { reason: 'x' },
          }
          const body = said[move as keyof typeof said] ?? {}
          return [
            `request: ${move}`,
            await refused('POST', `/api/passports/requests/${between.requestId}/${move}`, body),
          ]
        }),
      ),
    ),
    orders: await get('/api/passports/serialisations?limit=100'),
    order: await get(`/api/passports/${between.model}/items/${between.orderId}`),
    orderErrors: await get(`/api/passports/${between.model}/items/${between.orderId}/errors`),
    orderCancelled: await refused('POST', `/api/passports/${between.model}/items/${between.orderId}/cancel`),
    imports: await get('/api/passports/imports?limit=100'),
    // To those whose import it is it goes on for as long as they listen.
    importLive: await refused('GET', `/api/passports/imports/${between.importId}/stream`),
    ...Object.fromEntries(
      await Promise.all(
        ['', '/errors', '/marked'].map(async what => [
          `import${what}`,
          await fileOf(`/api/passports/imports/${between.importId}${what}`),
        ]),
      ),
    ),
    ...Object.fromEntries(
      await Promise.all(
        ['cancel', 'commit', 'pause', 'resume', 'undo'].map(async move => [
          `import: ${move}`,
          await refused('POST', `/api/passports/imports/${between.importId}/${move}`),
        ]),
      ),
    ),
    settings: await get('/api/passports/settings'),
    mapping: await get('/api/passports/import/mapping'),
    unpublished: await refused('DELETE', api),
  }
}
