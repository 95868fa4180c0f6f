import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Platform } from '../../kernel/run/run.ts'
import { drawing, type Motif } from './drawings.ts'

/** Asks the platform, as the seed does. */
type Client = (method: 'GET' | 'POST' | 'PUT', path: string, body?: object, token?: string) => Promise<any>

interface Good {
  readonly name: string
  readonly de: string
  readonly text: string
  readonly deText: string
  readonly category: string
  readonly motif: Motif
  readonly price: number
  readonly was?: number
  readonly attributes?: Record<string, string | number | boolean>
  readonly tags: readonly string[]
  readonly digital?: true
  readonly weightG?: number
}

const colours = ['#1769aa', '#2e7d5b', '#8a4b9e', '#c2571a', '#3a4a5e'] as const

const numbered = <T>(values: readonly T[], make: (value: T, index: number) => Good): Good[] => values.map(make)

const secondLife = 'Zweitspeicher'

const vendors: { readonly name: string; readonly about: string; readonly goods: readonly Good[] }[] = [
  {
    name: 'Voltwerk',
    about: 'Wallboxes, charging stations and the software behind them, from Regensburg.',
    goods: [
      ...numbered([3.7, 7.4, 11, 22], (power, index) => ({
        name: `Wallbox ${power} kW`,
        de: `Wallbox ${power} kW`,
        text: `Charges a car with up to ${power} kW.\n\n- Type 2 socket\n- Load management by OCPP\n- Meter that may be billed by`,
        deText: `Lädt ein Auto mit bis zu ${power} kW.\n\n- Steckdose Typ 2\n- Lastmanagement über OCPP\n- Zähler, nach dem abgerechnet werden darf`,
        category: 'wallboxes',
        motif: 'wallbox',
        price: 34_900 + index * 15_000,
        ...(index === 2 && { was: 74_900 }),
        attributes: { power, connector: 'Type 2', rfid: index > 1 },
        tags: ['home', 'OCPP'],
        weightG: 4_200 + index * 600,
      })),
      ...numbered([22, 50, 75, 150, 300], (power, index) => ({
        name: `Charging station ${power} kW`,
        de: `Ladesäule ${power} kW`,
        text: `For car parks and depots: ${power} kW, two connectors, a card reader and a screen that is read in the sun.`,
        deText: `Für Parkplätze und Betriebshöfe: ${power} kW, zwei Anschlüsse, ein Kartenleser und eine Anzeige, die man auch in der Sonne liest.`,
        category: 'charging-stations',
        motif: 'station',
        price: 289_000 + index * 840_000,
        attributes: { power, connector: power > 22 ? 'CCS' : 'Type 2', rfid: true },
        tags: ['public', 'OCPP'],
        weightG: 90_000 + index * 60_000,
      })),
      ...numbered(['Starter', 'Team', 'Fleet', 'City'], (plan, index) => ({
        name: `Charge manager ${plan}`,
        de: `Lademanager ${plan}`,
        text: 'Software that shares what the grid connection gives among all chargers, and bills who charges.',
        deText: 'Software, die verteilt, was der Netzanschluss hergibt, und mit allen abrechnet, die laden.',
        category: 'software',
        motif: 'software',
        price: 4_900 * (index + 1) ** 2,
        attributes: { chargers: 5 * 4 ** index },
        tags: ['licence'],
        digital: true,
      })),
    ],
  },
  {
    name: 'Kabelwerk Nord',
    about: 'Cables, and all that holds, feeds and protects a charging point.',
    goods: [
      ...numbered([3, 5, 7.5, 10, 15], (length, index) => ({
        name: `Charging cable ${length} m`,
        de: `Ladekabel ${length} m`,
        text: 'Type 2 to type 2, 32 A, three phases. Stays supple in frost.',
        deText: 'Typ 2 auf Typ 2, 32 A, drei Phasen. Bleibt auch bei Frost biegsam.',
        category: 'cables',
        motif: 'cable',
        price: 9_900 + index * 3_500,
        ...(index === 1 && { was: 16_900 }),
        attributes: { length, connector: 'Type 2' },
        tags: ['type 2'],
        weightG: 1_500 + index * 700,
      })),
      ...numbered(['Wall', 'Post', 'Double post'], (mount, index) => ({
        name: `${mount} mount`,
        de: { Wall: 'Wandhalter', Post: 'Standfuß', 'Double post': 'Doppelstandfuß' }[mount]!,
        text: 'Powder-coated steel for wallboxes of all makes.',
        deText: 'Pulverbeschichteter Stahl für Wallboxen aller Hersteller.',
        category: 'mounting',
        motif: 'mount',
        price: 4_900 + index * 9_000,
        tags: ['steel'],
        weightG: 2_500 + index * 6_000,
      })),
      ...numbered([25, 40, 63], (current, index) => ({
        name: `Residual current breaker ${current} A`,
        de: `Fehlerstromschutzschalter ${current} A`,
        text: 'Type B, four poles, as each charging point needs one.',
        deText: 'Typ B, vierpolig, wie ihn jeder Ladepunkt braucht.',
        category: 'electrics',
        motif: 'breaker',
        price: 18_900 + index * 4_000,
        attributes: { current },
        tags: ['type B'],
        weightG: 480,
      })),
      ...numbered(['CCS', 'Type 2', 'Socket'], (end, index) => ({
        name: `${end} tester`,
        de: `Prüfgerät ${{ 'Type 2': 'Typ 2', Socket: 'Steckdose' }[end] ?? end}`,
        text: 'Shows what a car would ask for, and what the charger answers.',
        deText: 'Zeigt, was ein Auto verlangen würde und was der Lader antwortet.',
        category: 'electrics',
        motif: 'tester',
        price: 22_900 + index * 11_000,
        tags: ['workshop'],
        weightG: 900,
      })),
    ],
  },
  {
    name: secondLife,
    about: 'Storage for homes and depots, and second-life batteries with their passports.',
    goods: [
      ...numbered([5, 10, 15, 30, 60], (energy, index) => ({
        name: `Home storage ${energy} kWh`,
        de: `Heimspeicher ${energy} kWh`,
        text: 'Built from modules that have driven before: tested one by one, with ten years of warranty.',
        deText: 'Aus Modulen gebaut, die schon gefahren sind: einzeln geprüft, mit zehn Jahren Garantie.',
        category: 'storage',
        motif: 'storage',
        price: 189_000 + index * 160_000,
        ...(index === 3 && { was: 749_000 }),
        attributes: { energy, chemistry: index % 2 ? 'NMC' : 'LFP' },
        tags: ['second life'],
        weightG: 60_000 * (index + 1),
      })),
      ...numbered([24, 36, 48, 60], (cells, index) => ({
        name: `Battery module of ${cells} cells`,
        de: `Batteriemodul mit ${cells} Zellen`,
        text: 'Taken from cars, measured, sorted by capacity and resistance.',
        deText: 'Aus Autos ausgebaut, gemessen, nach Kapazität und Widerstand sortiert.',
        category: 'modules',
        motif: 'module',
        price: 39_900 + index * 12_000,
        attributes: { energy: 1.2 + index * 0.6, chemistry: 'NMC' },
        tags: ['second life'],
        weightG: 9_000 + index * 2_500,
      })),
      ...numbered(['Balancer', 'Battery monitor', 'Isolation monitor', 'Main switch'], (name, index) => ({
        name,
        de: ['Balancer', 'Batteriewächter', 'Isolationswächter', 'Hauptschalter'][index]!,
        text: 'For who builds a storage of their own, with terminals that are labelled.',
        deText: 'Für alle, die sich einen Speicher selbst bauen; die Klemmen sind beschriftet.',
        category: 'modules',
        motif: 'breaker',
        price: 8_900 + index * 4_500,
        tags: ['parts'],
        weightG: 600,
      })),
    ],
  },
]

const power = { key: 'power', names: { en: 'Power', de: 'Leistung' }, type: 'number', unit: 'kW', facet: true }
const energy = { key: 'energy', names: { en: 'Energy', de: 'Energie' }, type: 'number', unit: 'kWh', facet: true }
const connector = {
  key: 'connector',
  names: { en: 'Connector', de: 'Stecker' },
  type: 'choice',
  choices: ['Type 2', 'CCS'],
  facet: true,
}
const chemistry = {
  key: 'chemistry',
  names: { en: 'Chemistry', de: 'Zellchemie' },
  type: 'choice',
  choices: ['LFP', 'NMC'],
  facet: true,
}
const rfid = { key: 'rfid', names: { en: 'Card reader', de: 'Kartenleser' }, type: 'flag', facet: true }
const number = (key: string, en: string, de: string, unit?: string) => ({
  key,
  names: { en, de },
  type: 'number',
  ...(unit && { unit }),
  facet: true,
})

/** The tree, from its roots. */
const categories: [
  slug: string,
  en: string,
  de: string,
  attributes: object[],
  children: [string, string, string, object[]][],
][] = [
  [
    'charging',
    'Charging',
    'Laden',
    [connector],
    [
      ['wallboxes', 'Wallboxes', 'Wallboxen', [power, rfid]],
      ['charging-stations', 'Charging stations', 'Ladesäulen', [power, rfid]],
      ['cables', 'Cables', 'Kabel', [number('length', 'Length', 'Länge', 'm')]],
    ],
  ],
  [
    'batteries',
    'Batteries',
    'Batterien',
    [chemistry, energy],
    [
      ['storage', 'Storage', 'Speicher', []],
      ['modules', 'Modules and parts', 'Module und Teile', []],
    ],
  ],
  [
    'installation',
    'Installation',
    'Installation',
    [],
    [
      ['mounting', 'Mounting', 'Montage', []],
      ['electrics', 'Electrics', 'Elektrik', [number('current', 'Current', 'Strom', 'A')]],
    ],
  ],
  ['software', 'Software', 'Software', [number('chargers', 'Chargers', 'Ladepunkte')], []],
]

/** A shop that one would want to look at: three vendors, a tree of categories, forty products with pictures of our own, and a battery with its passport. */
export async function seedShop(
  platform: Platform,
  client: Client,
  signIn: { email: string; password: string },
  stopping: AbortSignal,
): Promise<number> {
  const at = '/api/marketplace'
  const { accessToken: root } = await client('POST', '/api/auth/login', signIn)
  for (const [position, [slug, en, de, attributes, children]] of categories.entries()) {
    const body = { slug, names: { en, de }, attributes, position }
    const { id: parentId } = await client('POST', `${at}/categories`, body, root)
    for (const [place, [child, name, german, own]] of children.entries())
      await client(
        'POST',
        `${at}/categories`,
        { slug: child, names: { en: name, de: german }, attributes: own, parentId, position: place },
        root,
      )
  }
  await client('POST', `${at}/synonyms`, { words: ['wallbox', 'wall box', 'home charger'] }, root)
  let made = 0
  const licences: string[] = []
  for (const { name, about, goods } of vendors) {
    const organisation = await client('POST', '/api/auth/organisations', { name }, root)
    const { accessToken: token } = await client('POST', `/api/auth/organisations/${organisation.id}/switch`, {}, root)
    await letIn(platform, client, { id: organisation.id, name, about, token, root, first: goods[0]! })
    for (const good of goods) {
      if (stopping.aborted) return made
      const picture = platform.services.includes('documents')
        ? [{ documentId: await upload(platform, token, good, made), alt: good.name }]
        : []
      const product = await client('POST', `${at}/products`, bodyOf(good, picture, made++), token)
      if (good.digital) licences.push(product.variants[0].id)
    }
    if (name === secondLife && platform.services.includes('passports')) {
      await sellPack(platform, client, token, stopping)
      made++
    }
    if (platform.services.includes('orders')) await supply(client, token, licences.splice(0), stopping)
  }
  return made
}

/** Keys for whoever buys a licence. */
async function supply(client: Client, token: string, variants: string[], stopping: AbortSignal): Promise<void> {
  for (const variant of variants) {
    const keys = Array.from({ length: 20 }, () =>
      randomBytes(10)
        .toString('hex')
        .toUpperCase()
        .replace(/.{5}(?!$)/g, '$&-'),
    )
    await onceKnown(() => client('POST', `/api/orders/keys/${variant}`, { keys }, token), stopping)
  }
}

/** A pack that has driven: its passport stands beside it, and goes to whoever buys it. */
async function sellPack(platform: Platform, client: Client, token: string, stopping: AbortSignal): Promise<void> {
  const data = {
    generalInformation: {
      batteryIdentifier: `ZS-PACK-${randomBytes(4).toString('hex').toUpperCase()}`,
      batteryModel: { id: 'ZS-PACK-42', modelName: 'Pack 42' },
      batteryMass: 285,
      batteryCategory: 'EV',
      manufacturingDate: '2019-06-03',
    },
    materialComposition: { batteryChemistry: 'LiFePO4', criticalRawMaterials: ['Lithium'] },
  }
  const { id: passportId } = await client('POST', '/api/passports', { data }, token)
  await client('POST', `/api/passports/${passportId}/publish`, undefined, token)
  const name = 'Second-life pack 42 kWh'
  const text =
    'Drove for six years, now measured and cleared for a second life. What is known of it stands in its passport.'
  const de = {
    name: 'Gebrauchter Akku 42 kWh',
    description:
      'Sechs Jahre gefahren, nun gemessen und für ein zweites Leben freigegeben. Was man von ihm weiß, steht in seinem Pass.',
  }
  const pack = {
    name,
    description: text,
    translations: { de },
    category: 'storage',
    attributes: { energy: 42, chemistry: 'LFP' },
    tags: ['second life'],
    kind: 'battery',
    passportId,
    price: 349_000,
    currency: 'EUR',
    weightG: 285_000,
    images: platform.services.includes('documents')
      ? [{ documentId: await upload(platform, token, { motif: 'storage', name }, 3), alt: name }]
      : [],
    status: 'active',
    isFeatured: true,
  }
  await onceKnown(() => client('POST', '/api/marketplace/products', pack, token), stopping)
}

/** Again until it succeeds: one service knows what another has once it was told. */
async function onceKnown(act: () => Promise<unknown>, stopping: AbortSignal): Promise<void> {
  for (let tries = 0; !stopping.aborted; tries++)
    try {
      await act()
      return
    } catch (error) {
      if (tries > 300) throw error
      await sleep(100)
    }
}

/** A vendor with a page of its own, as far as those run who make it one. */
async function letIn(
  platform: Platform,
  client: Client,
  vendor: { id: string; name: string; about: string; token: string; root: string; first: Good },
): Promise<void> {
  if (!['vendors', 'orders', 'documents'].every(service => platform.services.includes(service))) return
  const { id, name, about, token, root, first } = vendor
  const address = { street: 'Donaumarkt 1', postalCode: '93047', city: 'Regensburg', country: 'DE' }
  await client('PUT', '/api/orders/seller', { name: `${name} GmbH`, address, smallBusiness: false }, token)
  const profile = {
    name,
    description: about,
    email: 'shop@example.com',
    iban: 'DE89370400440532013000',
    accountHolder: `${name} GmbH`,
    // What a real one proves itself by is an extract of a register.
    evidence: [await upload(platform, token, first, 0)],
    acceptTerms: true,
  }
  await client('PUT', '/api/vendors/profile', profile, token)
  await client('POST', '/api/vendors/profile/submit', undefined, token)
  await client('POST', `/api/vendors/${id}/approve`, {}, root)
}

function bodyOf(good: Good, images: object[], index: number): object {
  const { name, de, text, deText, category, attributes = {}, tags, price, was, digital, weightG } = good
  return {
    name,
    description: text,
    translations: { de: { name: de, description: deText } },
    category,
    attributes,
    tags,
    price,
    currency: 'EUR',
    ...(was && { originalPrice: was }),
    ...(digital ? { kind: 'digital' } : { weightG, stock: index % 9 === 4 ? 3 : 20 + index }),
    images,
    status: 'active',
    isFeatured: index % 8 === 0,
  }
}

/** Draws a product and puts it among the documents of its vendor. */
async function upload(
  { app }: Platform,
  token: string,
  { motif, name }: Pick<Good, 'motif' | 'name'>,
  index: number,
): Promise<string> {
  const { default: sharp } = await import('sharp')
  const svg = drawing(motif, colours[index % colours.length]!, index)
  const picture = await sharp(Buffer.from(svg)).png({ compressionLevel: 3 }).toBuffer()
  const boundary = 'demo-of-a-shop'
  const head = `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="${motif}-${index}.png"\r\ncontent-type: image/png\r\n\r\n`
  const answer = await app.inject({
    method: 'POST',
    url: '/api/documents/upload',
    headers: { authorization: `Bearer ${token}`, 'content-type': `multipart/form-data; boundary=${boundary}` },
    payload: Buffer.concat([Buffer.from(head), picture, Buffer.from(`\r\n--${boundary}--\r\n`)]),
  })
  if (answer.statusCode !== 201)
    throw new Error(`the picture of ${name} was answered ${answer.statusCode}: ${answer.body}`)
  return answer.json().docId
}
