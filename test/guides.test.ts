// More than 500 lines: a test for each guide, followed in one way.
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { promisify } from 'node:util'
import { PassportReaderInvited } from '../contracts/passports.ts'
import { openStandIn } from '../money/payments/stand-in/server.ts'
import { openPlatform } from '../packages/client/test/platform.ts'
import { boot16, connect } from '../services/ocpp/testing.ts'
import { client, codeIn, mailsIn, register } from './journeys/client.ts'
import { oneProcess } from './journeys/sites.ts'
import { until } from './kernel/toys.ts'

const run = promisify(execFile)
const guides = join(import.meta.dirname, '..', 'docs', 'guides')

interface Following {
  /** Files that are there before, by their names: what other systems export. */
  files?: Record<string, string>
  /** Which of its blocks, by number; all unless said. */
  blocks?: readonly number[]
  /** What a reader puts in place of an example. */
  instead?: Record<string, string>
}

/**
 * Blocks of a guide in one shell, as somebody pastes them one after the other; answers what they told. A request that is
 * refused ends those of the marketplace.
 */
async function follow(
  t: TestContext,
  guide: string,
  environment: Record<string, string>,
  { files = {}, blocks, instead = {} }: Following = {},
): Promise<string> {
  const text = readFileSync(join(guides, `${guide}.md`), 'utf8')
  const all = [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, code]) => code!)
  assert.ok(all.length > 0)
  let code = (blocks ? blocks.map(number => all[number]!) : all).join('\n')
  for (const [example, real] of Object.entries(instead)) {
    assert.ok(code.includes(example), `${guide} has no ${example}`)
    code = code.replaceAll(example, () => real)
  }
  const folder = mkdtempSync(join(tmpdir(), 'ohmnibus-guide-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'register.pdf'), '%PDF-1.7\nextract of a register')
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content, { mode: 0o755 })
  // Those of passports show what is refused too, and how curl tells of it.
  const strict = 'AT' in environment ? 'curl() { command curl --fail-with-body "$@"; }' : ''
  const child = spawn('bash', ['-euo', 'pipefail', '-c', `${strict}\n${code}`], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...environment, PATH: `${folder}:${dirname(process.execPath)}:${process.env.PATH}` },
    signal: AbortSignal.timeout(120_000),
  })
  let told = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', data => (told += data))
  const ended = await new Promise(resolve => {
    child.once('error', resolve)
    child.once('close', resolve)
  })
  assert.equal(ended, 0, `${guide} stopped: ${told.slice(-1_500)}`)
  return told
}

test('a passport in ten minutes: every block runs as it stands', async t => {
  const p = await openPlatform(t)
  const told = await follow(t, 'ten-minutes', {
    OHMNIBUS_URL: p.url,
    EMAIL: p.ada.email,
    PASSWORD: p.ada.password,
  })
  assert.match(told, /The model is [\w-]{36}\./)
  assert.match(told, /42\tAnnex XIII 1\(r\)\teuDeclarationOfConformity/)
  assert.match(told, /It says \d+ things now\./)
  assert.match(told, /published/)
  assert.match(told, /<h1>Passaport tal-batterija https:\/\/id\.example\.com\/01\/09506000134352\/21\/V000001/)
  assert.match(told, /478 kg\n$/)
})

/** A token of somebody with an organisation of their own. */
async function acting({ url }: { url: string }, as: { email: string; password: string }, name: string) {
  // Answers are of any shape.
  const post = async (path: string, body: object, token?: string): Promise<any> =>
    (
      await fetch(url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
        body: JSON.stringify(body),
      })
    ).json()
  const { accessToken } = await post('/api/auth/login', { email: as.email, password: as.password })
  const { id } = await post('/api/auth/organisations', { name }, accessToken)
  const { accessToken: token } = await post(`/api/auth/organisations/${id}/switch`, {}, accessToken)
  return { id: id as string, token: token as string, post: (path: string, body: object) => post(path, body, token) }
}

test('bring what you have: every block runs as it stands', async t => {
  const p = await openPlatform(t)
  const { token } = await acting(p, p.ada, 'Nordhafen Import GmbH')
  const told = await follow(t, 'bring-what-you-have', { OHMNIBUS_URL: p.url, TOKEN: token })
  assert.match(told, /\/Artikelnummer is not known/)
  assert.match(told, /1 would be made\nline 3, ratedCapacity: .+\nline 4, batteryMass: /)
  assert.match(
    told,
    /\{"created":3,"updated":0,"unchanged":0,"failed":0\}\n\{"created":0,"updated":0,"unchanged":3,"failed":0\}/,
  )
  assert.match(told, /3 lack 42, Annex XIII 1\(r\)|3 lack \d+, /)
  assert.match(told, /"unchanged":3,"failed":0\}\n$/, 'an export comes again as what it was')
})

test('who sees what: every block runs as it stands', async t => {
  const p = await openPlatform(t)
  const ada = await acting(p, p.ada, 'Donau Batteriewerk GmbH')
  const recycler = await acting(p, await p.person('Rita Recycler'), 'Recycling AG')
  const made = await ada.post('/api/passports', {
    data: {
      attributes: {
        uniqueBatteryIdentifier: { value: 'BP-1' },
        batteryModelIdentifier: { value: 'M1' },
        batteryCategory: { value: 'EV' },
        batteryStatus: { value: 'original' },
        testReportResults: { value: ['https://example.com/report.pdf'] },
      },
    },
  })
  const { id } = made
  assert.ok(id, JSON.stringify(made))
  await ada.post(`/api/passports/${id}/publish`, {})
  const told = await follow(t, 'who-sees-what', {
    OHMNIBUS_URL: p.url,
    TOKEN: ada.token,
    ID: id,
    RECYCLER: recycler.id,
    RECYCLER_TOKEN: recycler.token,
  })
  assert.match(told, /^public\n/)
  assert.match(told, /testReportResults/)
  assert.match(told, /\ninterest\n2\n0\n/)
  assert.match(told, /interest treatment \[1,2,4\] GET \/api\/passports\/:id\n/)
})

/** The steps of a tutorial that comes with the platform, as its readers get them. */
async function tutorial(url: string, slug: string): Promise<string[]> {
  // Answers are of any shape.
  const { steps } = (await (await fetch(`${url}/api/content/tutorials/${slug}`)).json()) as any
  return steps.map(({ text }: { text: string }) => text)
}

const blockOf = (step: string, language = 'sh'): string =>
  new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'ms').exec(step)![1]!

/** What a step answers, pasted into a shell. */
async function paste(url: string, step: string, environment: Record<string, string>): Promise<any> {
  const folder = mkdtempSync(join(tmpdir(), 'ohmnibus-tutorial-'))
  try {
    const script = blockOf(step).replaceAll('localhost:8080', new URL(url).host)
    const { stdout } = await run('bash', ['-euc', script], {
      cwd: folder,
      env: { PATH: process.env.PATH, ...environment },
      timeout: 60_000,
    })
    const answer = JSON.parse(stdout)
    assert.equal(answer.code, undefined, `${script}\n${stdout}`)
    return answer
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

test('the tutorial of the first passport: every step does what it says', async t => {
  const p = await openPlatform(t, {}, ['content'])
  const { token: TOKEN } = await acting(p, p.ada, 'Donau Batteriewerk GmbH')
  const [write, attach, publish, share] = (await tutorial(p.url, 'first-passport')) as [string, string, string, string]
  const { id: PASSPORT } = await paste(p.url, write, { TOKEN })
  const at = { TOKEN, PASSPORT }
  assert.equal((await paste(p.url, attach, at)).kind, 'declaration-of-conformity')
  assert.equal((await paste(p.url, publish, at)).status, 'published')
  await paste(p.url, share, at)
  await p.settle()
  assert.equal((await p.published(PassportReaderInvited)).at(-1)!.email, 'grace@example.com')
})

test('the tutorials of the first charger and the first price: every step does what it says', async t => {
  const p = await openPlatform(t, {}, ['content', 'ocpp', 'stations', 'sessions', 'billing'])
  const { url } = p
  const send = async (method: string, path: string, body?: object, token?: string): Promise<any> => {
    const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) }
    const answer = await fetch(url + path, { method, headers, ...(body && { body: JSON.stringify(body) }) })
    assert.ok(answer.ok, `${method} ${path}: ${answer.status}`)
    return answer.json()
  }
  const login = async ({ email, password }: { email: string; password: string }): Promise<string> =>
    (await send('POST', '/api/auth/login', { email, password })).accessToken
  const olga = await p.person('Olga Operator')
  await send('PUT', `/api/auth/users/${olga.id}/role`, { role: 'operator' }, await login(p.admin))
  await p.settle()
  const [TOKEN, DRIVER] = [await login(olga), await login(p.ada)]
  const get = (path: string) => send('GET', path, undefined, TOKEN)

  const [connect, boot, card, charge] = (await tutorial(url, 'first-charger')) as [string, string, string, string]
  const [, address, protocol] = /wscat -c (\S+) -s (\S+)/.exec(blockOf(connect))!
  const charger = new WebSocket(address!.replace('localhost:8080', new URL(url).host), protocol)
  t.after(() => charger.close())
  await once(charger, 'open')
  const say = async (step: string): Promise<any> => {
    charger.send(blockOf(step, '').trim())
    return JSON.parse(String((await once(charger, 'message'))[0].data))
  }
  assert.equal((await say(boot))[2].status, 'Accepted')
  assert.equal((await paste(url, card, { TOKEN })).idToken, 'CARD-1')
  await p.settle()

  const [open, tariff, ask] = (await tutorial(url, 'first-price')) as [string, string, string]
  const { id: STATION } = await paste(url, open, { OPERATOR: TOKEN })
  await paste(url, tariff, { OPERATOR: TOKEN })
  await p.settle()
  const quote = await paste(url, ask, { DRIVER, STATION })
  assert.equal(quote.tariff.name, 'Day and night')
  assert.equal((await say(charge))[2].idTagInfo.status, 'Accepted')
  await p.settle()
  const [session] = (await get('/api/sessions/active')).items
  assert.equal(session.chargerId, 'CP-1')
  assert.equal((await get(`/api/billing/charges/${session.id}`)).price.currency, 'EUR')
})

/** Clients of databases that are nowhere near: each writes the tables that it is asked for as it would. */
const elsewhere = {
  mysql: `#!/bin/sh
case "$*" in
  *charge_box*) printf 'charge_box_pk\\tcharge_box_id\\tregistration_status\\n1\\tSTEVE-1\\tAccepted\\n2\\tSTEVE-2\\tPending\\n' ;;
  *ocpp_tag*) printf 'ocpp_tag_pk\\tid_tag\\tparent_id_tag\\tmax_active_transaction_count\\n1\\tBLUE-1\\tFLEET\\t1\\n' ;;
  *) exit 1 ;;
esac
`,
  psql: `#!/bin/sh
case "$*" in
  *ChargingStations*) printf 'id,isOnline,protocol\\nCITRINE-1,t,ocpp2.0.1\\n' > chargers.csv ;;
  *Authorizations*) printf 'id,idToken,idTokenType,status\\n7,GREEN-1,ISO14443,Accepted\\n' > tokens.csv ;;
  *) exit 1 ;;
esac
`,
}

test('connect your first charger: what it types, pastes and brings along does what it says', async t => {
  const p = await openPlatform(t, {}, ['ocpp', 'stations', 'sessions'])
  const host = new URL(p.url).host
  const text = readFileSync(join(guides, 'ocpp.md'), 'utf8')
  const instead = { 'localhost:8080': host }

  // A line to the charger's end of the wire for each that is typed, and what comes back for each that is shown.
  const [, address, protocol] = /wscat -c (\S+) -s (\S+)/.exec(text)!
  const charger = new WebSocket(address!.replace('localhost:8080', host), protocol)
  t.after(() => charger.close())
  await once(charger, 'open')
  const said: Record<string, any[]> = {}
  charger.addEventListener('message', ({ data }) => {
    const frame = JSON.parse(String(data))
    if (frame[0] === 3) said[frame[1]] = frame
  })
  const [before, after] = [...text.matchAll(/^(?:```sh\nnpx wscat[^\n]*|```text)\n(.*?)^```$/gms)].map(
    ([, block]) => block!,
  )
  const type = async (block: string) => {
    for (const [, line] of block.matchAll(/^> (.*)$/gm)) {
      charger.send(line!)
      await until(() => JSON.parse(line!)[1] in said)
    }
    for (const [, line] of block.matchAll(/^< (.*)$/gm)) {
      const shown = JSON.parse(line!)
      const answered = said[shown[1]]!
      if ('currentTime' in shown[2]) shown[2].currentTime = answered[2].currentTime
      assert.deepEqual(answered, shown)
    }
  }
  await type(before!)
  const login = { '"you@example.com"': `"${p.admin.email}"`, '"a password of your own"': `"${p.admin.password}"` }
  const made = await follow(t, 'ocpp', {}, { blocks: [1], instead: { ...instead, ...login } })
  assert.match(made, /"idToken":"CARD-1"/)
  await p.settle()
  await type(after!)

  // The same in 2.0.1, by a program that stays connected.
  const script = /^```js\n(.*?)^```$/ms.exec(text)![1]!.replaceAll('localhost:8080', host)
  const child = spawn(process.execPath, ['--input-type=module'], { stdio: ['pipe', 'pipe', 'inherit'] })
  t.after(() => child.kill())
  child.stdin.end(script)
  let heard = ''
  child.stdout.on('data', data => (heard += data))
  const answers = () => [...heard.matchAll(/^< (\[3,.*)$/gm)].map(([, frame]) => JSON.parse(frame!))
  await until(() => answers().length === 5)
  assert.deepEqual([answers()[0]![2].status, answers()[2]![2].idTokenInfo.status], ['Accepted', 'Accepted'])

  await p.settle()
  const post = { method: 'POST', headers: { 'content-type': 'application/json' } }
  const signedIn = await fetch(`${p.url}/api/auth/login`, { ...post, body: JSON.stringify(p.admin) })
  const { accessToken: TOKEN } = (await signedIn.json()) as { accessToken: string }
  const get = async (path: string): Promise<any> =>
    (await fetch(p.url + path, { headers: { authorization: `Bearer ${TOKEN}` } })).json()
  const sessions = (await get('/api/sessions')).items.filter(({ energyWh }: { energyWh: number }) => energyWh > 0)
  assert.deepEqual(sessions.map(({ chargerId, energyWh }: any) => [chargerId, energyWh]).toSorted(), [['CP-1', 3_700]])

  const brought = await follow(t, 'ocpp', { TOKEN }, { blocks: [2, 3], instead, files: elsewhere })
  assert.doesNotMatch(brought, /"code"/)
  await p.settle()
  const { items } = await get('/api/ocpp/chargers?limit=100')
  assert.deepEqual(
    items
      .map(({ id, status }: Record<string, string>) => `${id} ${status}`)
      .filter((text: string) => /STEVE|CITRINE/.test(text))
      .toSorted(),
    ['CITRINE-1 accepted', 'STEVE-1 accepted', 'STEVE-2 pending'],
  )
  const tokens = (await get('/api/ocpp/tokens?limit=100')).items
  assert.deepEqual(tokens.map(({ idToken, groupId, exclusive }: any) => [idToken, groupId, exclusive]).toSorted(), [
    ['BLUE-1', 'FLEET', true],
    ['CARD-1', null, false],
    ['GREEN-1', null, false],
  ])
})

const password = 'quiet trains at dawn'

/** The whole platform with its admin, and people who come on board. */
async function openMarketplace(t: TestContext, now?: () => Date, more: Record<string, string> = {}) {
  const p = await oneProcess(t, {
    environment: {
      ADMIN_EMAIL: 'root@example.com',
      ADMIN_PASSWORD: password,
      VENDORS_PAYOUT_IBAN: 'DE75512108001245126199',
      VENDORS_PAYOUT_HOLDER: 'Ohmnibus GmbH',
      ...more,
    },
    ...(now && { now }),
  })
  const signIn = async (name: string): Promise<string> => {
    const account = { email: `${name}@example.com`, password }
    return (await client(p.address).get(200, 'POST /api/auth/login', account)).accessToken
  }
  const as = async (name: string) => client(p.address, { authorization: `Bearer ${await signIn(name)}` })
  const person = async (name: string): Promise<string> => {
    const email = `${name}@example.com`
    const { user } = await register(client(p.address), '/api/auth', { email, password, name }, async () => {
      await p.settle()
      return codeIn((await mailsIn(p.mailFolder)).findLast(({ to }) => to === email)!)
    })
    return user.id
  }
  return { ...p, signIn, as, person }
}

test('write and publish: every block runs as it stands', async t => {
  const p = await openMarketplace(t)
  const told = await follow(t, 'content', { AT: p.address, ADMIN: await p.signIn('root') })
  assert.match(told, /"state":"published"/)
  assert.match(told, /<entry>[^]*Charging in winter/)
})

test('sell here: from being let in to being paid out, every block but those of Stripe runs as it stands', async t => {
  let at = new Date('2027-03-01T09:00:00Z')
  const p = await openMarketplace(t, () => at)
  await p.person('vera')
  await p.person('bert')
  const tokens = async () => ({ AT: p.address, ADMIN: await p.signIn('root'), VENDOR: await p.signIn('vera') })
  assert.match(await follow(t, 'sell-here', await tokens(), { blocks: [0] }), /"status":"pending"/)
  await p.settle()
  assert.match(await follow(t, 'sell-here', await tokens(), { blocks: [1] }), /"status":"active"/)
  await p.settle()
  const rules = await follow(t, 'sell-here', await tokens(), { blocks: [2, 3] })
  assert.match(rules, /"basisPoints":1200/)

  // Something is sold, arrives, and is hers two weeks later.
  const [vera, bert] = [await p.as('vera'), await p.as('bert')]
  const product = await vera.get(201, 'POST /api/vendors/products', { name: 'Wallbox', price: 238_000, stock: 3 })
  await (await p.as('root')).get(200, `POST /api/marketplace/products/${product.id}/approve`)
  await vera.get(201, 'POST /api/orders/shipping-options', {
    name: 'Parcel',
    countries: [],
    currency: 'EUR',
    priceMinor: 0,
  })
  await p.settle()
  await bert.get(201, 'POST /api/cart/items', { productId: product.id, quantity: 1 })
  const billingAddress = {
    name: 'Bert',
    email: 'bert@example.com',
    address: 'Ringstr. 7',
    city: 'Berlin',
    country: 'DE',
  }
  const order = await bert.get(201, 'POST /api/orders', { billingAddress: { ...billingAddress, zip: '10115' } })
  const { page } = await bert.get(200, `POST /api/orders/${order.id}/payment`)
  const paid = await fetch(p.address + new URL(page).pathname, {
    method: 'POST',
    body: new URLSearchParams({ gesture: 'approve' }),
    headers: { origin: new URL(page).origin },
    redirect: 'manual',
  })
  assert.ok(paid.status < 400)
  await p.settle()
  const { id } = await vera.get(201, `POST /api/orders/${order.id}/shipments`, { carrier: 'DHL' })
  await bert.get(200, `POST /api/orders/${order.id}/shipments/${id}/delivered`)
  await p.settle()
  at = new Date('2027-03-16T09:00:00Z')
  await p.strike('vendors', /^settle/)
  await p.settle()
  const told = await follow(t, 'sell-here', await tokens(), { blocks: [4, 5] })
  assert.match(told, /"status":"approved"/)
  assert.match(told, /"status":"paid"/)
})

test('open a shop: every block runs as it stands, from the first product to one that comes back', async t => {
  const p = await openMarketplace(t)
  await p.person('ada')
  const told = await follow(
    t,
    'shop',
    { AT: p.address },
    {
      instead: {
        'AT=http://localhost:8080': '',
        '<first admin> <its password>': `root@example.com '${password}'`,
        'analytical engine no. 1': password,
        // What it says of itself is not where it is reached here.
        '$PAGE -H "origin: $AT"': '$AT/api/${PAGE#*/api/} -H "origin: ${PAGE%%/api/*}"',
      },
    },
  )
  assert.match(told, /processing\n/, 'it is paid, and waits to be sent')
  const goods = told.slice(told.lastIndexOf('processing\n'))
  assert.match(goods, /"(AAAA-BBBB-CCCC|DDDD-EEEE-FFFF)"/, 'the licence has its key')
  assert.match(goods, /"state":"received"/)
})

test('run the marketplace: every block runs as it stands, with what failed in the night left out', async t => {
  const p = await openMarketplace(t)
  const [AT, PERSON, grace] = [p.address, await p.person('ada'), await p.person('grace')]
  const root = await p.as('root')
  await root.get(200, `PUT /api/admin/users/${grace}`, { role: 'admin' })
  // One sells already, and has two products that wait; two more want to.
  for (const name of ['Vera', 'Zoe', 'Yan']) {
    await p.person(name.toLowerCase())
    const own = { '"name": "Voltwerk", ': `"name": "${name}", ` }
    await follow(t, 'sell-here', { AT, VENDOR: await p.signIn(name.toLowerCase()) }, { blocks: [0], instead: own })
    await p.settle()
    if (name === 'Vera') await follow(t, 'sell-here', { AT, ADMIN: await p.signIn('root') }, { blocks: [1] })
    await p.settle()
  }
  const vera = await p.as('vera')
  const offer = async (name: string): Promise<string> =>
    (await vera.get(201, 'POST /api/vendors/products', { name, price: 49_900, stock: 3 })).id
  const [PRODUCT, OTHER_PRODUCT] = [await offer('Wallbox'), await offer('Walbox')]
  const [VENDOR, OTHER_VENDOR] = (await root.get(200, 'GET /api/admin/vendors')).items.map((one: any) => one.vendorId)
  await p.settle()
  const [event] = (await root.get(200, `GET /api/admin/events?key=${PERSON}`)).items

  const [ADMIN, GRACE, ANYBODY] = await Promise.all(['root', 'grace', 'yan'].map(p.signIn))
  const told = await follow(
    t,
    'run-the-marketplace',
    {
      AT,
      ADMIN: ADMIN!,
      GRACE: GRACE!,
      ANYBODY: ANYBODY!,
      PERSON,
      VENDOR,
      OTHER_VENDOR,
      PRODUCT,
      OTHER_PRODUCT,
    },
    {
      instead: {
        [`json POST /api/admin/dead-letters/replay '{"subscription":"…","error":"…","reason":"The mail server is back."}'`]:
          ':',
        4711: String(event.position ?? event.id),
      },
    },
  )
  for (const said of [
    /"pending":2/,
    /"status":"active"/,
    /"status":"rejected"/,
    /"role":"operator"/,
    /"state":"approved"|"state":"done"/,
    /"value":"Works on Sunday from 2 to 3\."/,
    /"map\.start"/,
    /"intact":true/,
  ])
    assert.match(told, said)
  await p.settle()
  await root.get(404, `GET /api/admin/users/${PERSON}`)
})

test('people and organisations: every request runs as it stands, from the first colleague to the terms', async t => {
  const p = await openMarketplace(t)
  const GRACE = await p.person('grace')
  await p.person('olga')
  const told = await follow(
    t,
    'people-and-organisations',
    { AT: p.address, ADMIN: await p.signIn('root'), OWNER: await p.signIn('olga'), GRACE },
    // The example will lie behind us.
    { instead: { '2027-03-01T00:00:00.000Z': new Date(Date.now() + 30 * 86_400_000).toISOString() } },
  )
  for (const said of [
    /"email":"grace@example\.com"/,
    /"created":1,"updated":0/,
    /"role":"operator"/,
    /"accessToken"/,
    /"name":"Accountant"/,
    /"state":"verified"/,
    /"verified":true/,
    /"userName":"hedy@voltaic\.example"/,
    /"disabled":true/,
    /"user\.role-changed"/,
    /"key":"terms"/,
  ])
    assert.match(told, said)
  const [ada] = (await (await p.as('root')).get(200, 'GET /api/auth/users?q=ada@example.com')).items
  assert.equal(ada.role, 'operator', 'who was taken over is there')
})

test('tariffs and invoices: every block runs as it stands', async t => {
  const p = await openMarketplace(t)
  const EMPLOYEE = await p.person('ada')
  const ada = await p.as('ada')
  const { id: ORGANISATION } = await ada.get(201, 'POST /api/auth/organisations', { name: 'Voltaic GmbH' })
  const { accessToken } = await ada.get(200, `POST /api/auth/organisations/${ORGANISATION}/switch`, {})
  const told = await follow(t, 'tariffs-and-invoices', {
    AT: p.address,
    OPERATOR: await p.signIn('root'),
    COMPANY: accessToken,
    ORGANISATION,
    EMPLOYEE,
  })
  for (const said of [
    /"name":"Day and night"/,
    /"taxId":"DE136695976"/,
    /"limitMinor":500000/,
    /"chargerId":"HOME-ADA"/,
  ])
    assert.match(told, said)
})

test('take real payments: with the settings that it names a provider is paid, heard and given back, and a terminal begins', async t => {
  const text = readFileSync(join(guides, 'payments.md'), 'utf8')
  const named = [...text.matchAll(/\b((?:STRIPE|RAZORPAY)_\w+)=(\S*)…/g)].map(([, name, begin]) => [
    name!,
    `${begin}tests`,
  ])
  const keys = Object.fromEntries(named) as Record<string, string>
  const standIn = openStandIn({
    secrets: { stripe: keys.STRIPE_WEBHOOK_SECRET!, razorpay: keys.RAZORPAY_WEBHOOK_SECRET! },
    deliver: async (wire, body, headers) =>
      (await fetch(`${p.address}/api/billing/webhooks/${wire}`, { method: 'POST', body, headers })).status,
  })
  const url = await standIn.listen()
  t.after(() => standIn.close())
  const where = { STRIPE_API_URL: url, RAZORPAY_API_URL: url, OCPP_UNKNOWN_CHARGERS: 'accept' }
  const p = await openMarketplace(t, undefined, { ...keys, ...where })
  const AT = p.address
  for (const [currency, provider] of [
    ['EUR', 'stripe'],
    ['INR', 'razorpay'],
  ] as const) {
    const instead: Record<string, string> = currency === 'EUR' ? {} : { EUR: currency }
    const account = { AT, EMAIL: 'root@example.com', PASSWORD: password }
    const topUp = JSON.parse(await follow(t, 'payments', account, { blocks: [0], instead }))
    assert.deepEqual([topUp.currency, topUp.provider], [currency, provider])
    standIn.state.act(topUp.providerId, 'approve')
    await standIn.idle()
    await p.settle()
    const TOKEN = await p.signIn('root')
    const wallet = JSON.parse(await follow(t, 'payments', { AT, TOKEN }, { blocks: [1] }))
    const balance = wallet.balances.find((one: any) => one.currency === currency)
    assert.equal(balance.balanceMinor, 2_500)
    const told = await follow(t, 'payments', { AT, TOKEN }, { blocks: [2], instead })
    assert.match(told, /ohmnibus_payment_webhooks_total\{[^}]*outcome="accepted"[^}]*\} [1-9]/)
    assert.match(told, /"amountMinor":1000/)
    await standIn.idle()
    await p.settle()
  }

  const root = await p.as('root')
  await follow(t, 'tariffs-and-invoices', { AT, OPERATOR: await p.signIn('root') }, { blocks: [0, 1] })
  const charger = await connect(t, `${AT.replace('http', 'ws')}/ocpp/CP-1`, 'ocpp1.6')
  charger.answers.set('RemoteStartTransaction', () => ({ status: 'Accepted' }))
  await charger.call('BootNotification', boot16)
  await charger.call('StatusNotification', { connectorId: 1, errorCode: 'NoError', status: 'Available' })
  await p.settle()
  await root.get(200, 'POST /api/ocpp/chargers/CP-1/move', { organisationId: null })
  await p.settle()
  const [station] = (await root.get(200, 'GET /api/stations?scope=managed')).items
  const STATION = station.id as string
  await root.get(200, `PUT /api/stations/${STATION}`, {
    name: 'Car park',
    chargerId: 'CP-1',
    public: true,
    coordinates: { latitude: 52.52, longitude: 13.405 },
    evses: [{ evse: 1, connectors: [{ connector: 1, standard: 'IEC_62196_T2' }] }],
  })
  await p.settle()
  const told = await follow(t, 'payments', { AT, TOKEN: await p.signIn('root'), STATION }, { blocks: [3, 4] })
  assert.match(told, /"reference":"AUTH-1"/)
  assert.match(told, /"state":"starting"/)
})

test('run a field team: every block runs as it stands', async t => {
  const p = await openMarketplace(t)
  const root = await p.as('root')
  const [PERSON] = [await p.person('grace'), await p.person('dora')]
  await root.get(200, `PUT /api/auth/users/${PERSON}/role`, { role: 'technician' })
  const { id: STATION } = await root.get(201, 'POST /api/stations', {
    name: 'Market square',
    public: true,
    coordinates: { latitude: 52.52, longitude: 13.405 },
    evses: [{ evse: 1, connectors: [{ connector: 1, standard: 'IEC_62196_T2' }] }],
  })
  await p.settle()
  const [OPERATOR, DRIVER, GRACE] = [await p.signIn('root'), await p.signIn('dora'), await p.signIn('grace')]
  const told = await follow(t, 'maintenance', { AT: p.address, OPERATOR, DRIVER, GRACE, PERSON, STATION })
  assert.match(told, /^Grace\nassigned\nin-progress\n2\nresolved\nclosed\nclosed\ncancelled\n$/)
})
