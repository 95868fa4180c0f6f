import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { test, type TestContext } from 'node:test'
import { start } from '../../kernel/testing.ts'
import { choose } from '../../services/all.ts'
import { freePort } from '../../tools/engines/recipe.ts'
import { startProcesses } from '../processes/processes.ts'
import { baseline, client, codeIn, linkIn, mailsIn, register, stream, type Client } from './client.ts'
import { becomeManufacturer } from './operator.ts'

const password = 'quiet trains at dawn'
const consoleOrigin = 'https://console.example.com'
const admin = { email: 'root@example.com', password: 'no train before dawn' }

/** The platform, however many processes there are. */
interface Site {
  address: string
  publicUrl: string
  mailFolder: string
  settle(): Promise<void>
  /** Until everybody knows that a session has ended, in milliseconds; test/processes holds them to a second. */
  knownWithin: number
  /** Whether it has engines of its own; else it is one to look at, where anybody publishes. */
  isProduction: boolean
}

const groundFloor = ['identity', 'passports', 'documents', 'notifications', 'gateway']

const sites: Record<string, (t: TestContext, environment: Record<string, string>) => Promise<Site>> = {
  async 'one process'(t, environment) {
    const p = await start(t, await choose(), { environment })
    return {
      ...p,
      address: await p.listen(),
      publicUrl: `http://localhost:${environment.PORT}`,
      mailFolder: p.platform.mailFolder!,
      knownWithin: 0,
      isProduction: false,
    }
  },
  // Of those alone that these journeys pass through: all of them twice are more than a small machine has room for.
  'a process each': async (t, environment) => ({
    ...(await startProcesses(t, 1, { environment, parts: groundFloor })),
    knownWithin: 3_000,
    isProduction: true,
  }),
  'two processes each': async (t, environment) => ({
    ...(await startProcesses(t, 2, { environment, parts: groundFloor })),
    knownWithin: 3_000,
    isProduction: true,
  }),
}

let journeys = 0

/** A site, and what a person has at hand: an address, which nobody had before, and a mailbox. */
function open(p: Site) {
  const journey = ++journeys
  const addressOf = (name: string) => `${name.toLowerCase()}.${journey}@example.com`
  /** Messages so far, to somebody, about something. */
  const mails = async (to: string, event?: string, channel?: 'email' | 'in-app') => {
    await p.settle()
    return (await mailsIn(p.mailFolder, channel)).filter(mail => mail.to === to && (!event || mail.event === event))
  }
  const codeFor = async (email: string) => codeIn((await mails(email, 'send-otp')).at(-1)!)
  return {
    ...p,
    mails,
    codeFor,
    addressOf,
    /** The code with which somebody is refused whose session has just ended. */
    async refusal(who: Client, path: string): Promise<string> {
      for (const deadline = Date.now() + p.knownWithin; ;) {
        const { status, body } = await who.ask(`GET ${path}`)
        if (status === 401 || Date.now() >= deadline) return body.code
      }
    },
    /** Somebody who has come on board. */
    async person(name: string, auth = '/api/auth') {
      const who = client(p.address)
      const email = addressOf(name)
      const { user, accessToken, refreshToken } = await register(who, auth, { email, password, name }, codeFor)
      return { ...who, id: user.id, email, accessToken, refreshToken }
    },
  }
}

const eventsOf = async (who: Client): Promise<string[]> =>
  (await who.get(200, 'GET /api/notifications?limit=100')).items.map(({ event }: { event: string }) => event).sort()

for (const [site, begin] of Object.entries(sites))
  test(site, async t => {
    const started = await begin(t, {
      PORT: `${await freePort()}`,
      CORS_ORIGINS: consoleOrigin,
      ADMIN_EMAIL: admin.email,
      ADMIN_PASSWORD: admin.password,
    })
    for (const auth of ['/api/auth', '/api/v1/auth'])
      await t.test(
        `somebody comes on board under ${auth}: a code by mail, a profile, a second sign-in, a refresh, a sign-out that bites at once`,
        async () => {
          const p = open(started)
          const ada = client(p.address)
          const person = { email: p.addressOf('Ada'), password, name: 'Ada Lovelace' }
          const waiting = await ada.get(202, `POST ${auth}/register`, person)
          assert.equal(waiting.email, person.email)
          assert.equal(
            (await ada.get(401, `POST ${auth}/login`, { email: person.email, password })).code,
            'credentials_invalid',
            'there is no account yet',
          )

          const answer = await ada.get(201, `POST ${auth}/verify-otp`, {
            email: person.email,
            otp: await p.codeFor(person.email),
            password,
          })
          ada.use(answer)
          assert.deepEqual([answer.user.name, answer.user.role, answer.expiresIn], ['Ada Lovelace', 'user', 600])
          assert.equal((await ada.get(200, `GET ${auth}/profile`)).email, person.email)

          const phone = client(p.address, { 'user-agent': 'Mozilla/5.0 (Android 16) Firefox/150.0' })
          const second = await phone.get(200, `POST ${auth}/login`, { email: person.email.toUpperCase(), password })
          phone.use(second)
          const sessions = (await ada.get(200, `GET ${auth}/sessions`)).items
          assert.deepEqual(
            sessions.map(({ device, current }: { device: string; current: boolean }) => [device, current]),
            [
              ['Firefox on Android', false],
              ['Unknown device', true],
            ],
          )

          const renewed = await phone.get(200, `POST ${auth}/refresh`, { refreshToken: second.refreshToken })
          assert.notEqual(renewed.refreshToken, second.refreshToken)
          phone.use(renewed)
          await phone.get(200, `GET ${auth}/profile`)

          await phone.get(204, `POST ${auth}/logout`)
          for (const { accessToken } of [second, renewed]) {
            phone.use({ accessToken })
            assert.equal(await p.refusal(phone, `${auth}/profile`), 'token_invalid')
          }
          await phone.get(401, `POST ${auth}/refresh`, { refreshToken: renewed.refreshToken })
          await ada.get(200, `GET ${auth}/profile`)
        },
      )

    await t.test(
      'from a registration to the mail about a passport: create, change, publish, attach a document, and be told of all of it once',
      async () => {
        const p = open(started)
        const ada = await p.person('Ada')
        const grace = await p.person('Grace')
        const live = await stream(ada)

        const answer = await ada.ask('POST /api/passports', { data: baseline('BP-2024-011') })
        const created = answer.body
        const at = `/api/passports/${created.id}`
        assert.deepEqual([answer.status, answer.headers.get('location'), answer.headers.get('etag')], [201, at, '"1"'])
        assert.deepEqual(Object.keys(created).sort(), [
          'createdAt',
          'data',
          'id',
          'identifier',
          'owner',
          'status',
          'updatedAt',
          'version',
        ])
        assert.equal(
          JSON.stringify(created.data),
          JSON.stringify(baseline('BP-2024-011')),
          'it is kept as it was given',
        )
        assert.deepEqual(
          [created.identifier, created.status, created.owner],
          ['BP-2024-011', 'draft', { kind: 'person', id: ada.id }],
        )

        const told = (await live.next())!
        const page = `${p.publicUrl}/passports/${created.id}`
        assert.deepEqual([told.notification.event, told.notification.link], ['passport.created', page])
        live.hangUp()

        const heavier = {
          ...created.data,
          generalInformation: { ...created.data.generalInformation, batteryMass: 452 },
        }
        assert.equal((await ada.get(200, `PUT ${at}`, { data: heavier }, { 'if-match': '"1"' })).version, 2)
        assert.equal(
          (await ada.get(412, `PUT ${at}`, { data: created.data }, { 'if-match': '"1"' })).code,
          'version_stale',
        )
        const versions = (await ada.get(200, `GET ${at}/versions`)).items
        assert.deepEqual(
          versions.map(({ version, updatedFields }: { version: number; updatedFields: string[] }) => [
            version,
            updatedFields,
          ]),
          [
            [2, ['/generalInformation/batteryMass']],
            [1, []],
          ],
        )
        if (p.isProduction) assert.equal((await ada.get(403, `POST ${at}/publish`)).code, 'economic_operator_required')
        const root = client(p.address)
        root.use(await root.get(200, 'POST /api/auth/login', admin))
        const organisationId = await becomeManufacturer(root, ada, 'Voltaic GmbH')
        await ada.get(200, `POST ${at}/move`, { organisationId })
        assert.equal((await ada.get(200, `POST ${at}/publish`)).status, 'published')
        assert.deepEqual(
          (await ada.get(200, 'GET /api/passports?chemistry=LiFePO4&status=published')).items.map(
            ({ id }: { id: string }) => id,
          ),
          [created.id],
        )

        const declaration = Buffer.concat([Buffer.from('%PDF-1.7\n'), randomBytes(300_000)])
        const form = new FormData()
        for (const [name, value] of Object.entries({
          passportId: created.id,
          kind: 'declaration-of-conformity',
          title: 'Declaration',
          language: 'en',
        }))
          form.append(name, value)
        form.append('file', new File([declaration], 'declaration.pdf', { type: 'text/html' }))
        const { docId, fileName } = await ada.get(201, 'POST /api/documents/upload', form)
        assert.equal(fileName, 'declaration.pdf')
        const document = await ada.get(200, `GET /api/documents/${docId}`)
        assert.deepEqual(
          [document.contentType, document.sizeBytes, document.sha256, document.passportId],
          ['application/pdf', declaration.length, createHash('sha256').update(declaration).digest('hex'), created.id],
          'its type is what it is, not what was said',
        )
        const anybody = client(p.address)
        const link = new URL(document.url)
        const whole = await anybody.ask(`GET ${link.pathname}${link.search}`)
        assert.deepEqual([whole.status, declaration.equals(whole.body)], [200, true], 'the link alone opens it')
        const part = await anybody.ask(`GET ${link.pathname}${link.search}`, undefined, {
          range: 'bytes=100000-100099',
        })
        assert.deepEqual(
          [part.status, part.headers.get('content-range')],
          [206, `bytes 100000-100099/${declaration.length}`],
        )
        assert.ok(declaration.subarray(100_000, 100_100).equals(part.body))
        const end = await ada.ask(`GET /api/documents/${docId}?download=1`, undefined, { range: 'bytes=-9' })
        assert.deepEqual([end.status, declaration.subarray(-9).equals(end.body)], [206, true])
        assert.equal(
          (
            await ada.ask(`GET /api/documents/${docId}?download=1`, undefined, {
              range: `bytes=${declaration.length}-`,
            })
          ).status,
          416,
        )

        for (const who of [grace, anybody]) {
          const seen = await who.get(200, `GET ${at}`)
          assert.equal(seen.audience, 'public', 'it is published, for what the law opens')
          await who.get(200, `GET /api/documents/${docId}`)
        }

        await p.settle()
        const list = (await ada.get(200, 'GET /api/notifications')).items as { id: string; event: string }[]
        const events = [
          'document.uploaded',
          'document.uploaded',
          'organisation.created',
          'organisation.kinds-changed',
          'passport.created',
          'passport.moved',
          'passport.published',
          'passport.updated',
          'user.logged-in',
          'user.registered',
        ]
        assert.deepEqual(list.map(({ event }) => event).sort(), events)
        assert.deepEqual(await eventsOf(grace), ['user.logged-in', 'user.registered'])
        const news = list
          .slice(
            0,
            list.findIndex(({ id }) => id === told.notification.id),
          )
          .reverse()
        const resumed = await stream(ada, told.id)
        for (const notification of news)
          assert.deepEqual((await resumed.next())!.notification, notification, 'it goes on where it broke off')
        await ada.get(200, `POST /api/notifications/${news[0]!.id}/read`)
        assert.deepEqual(
          (await ada.get(200, 'GET /api/notifications?unread=true&limit=100')).items.length,
          events.length - 1,
        )

        const mails = await p.mails(ada.email)
        assert.deepEqual(
          mails.map(({ event }) => event).sort(),
          ['organisation.kinds-changed', 'send-otp', 'user.registered'],
          'one file each, and none about what she did herself',
        )
        const recorded = await p.mails(ada.email, undefined, 'in-app')
        assert.deepEqual(recorded.map(({ event }) => event).sort(), events)
        for (const { file, subject } of mails) {
          assert.match(file, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z-email-[0-9a-f-]{36}\.txt$/)
          assert.notEqual(subject, '')
        }
        assert.equal(linkIn(recorded.find(({ event }) => event === 'passport.created')!).href, page)

        await ada.get(204, 'POST /api/auth/logout')
        assert.equal(await resumed.next(), undefined, 'the stream has ended too')
        for (const path of [at, `/api/documents/${docId}`, '/api/notifications'])
          assert.equal(await p.refusal(ada, path), 'token_invalid')
      },
    )

    await t.test('an organisation: invite by mail, accept, act for it, and lose it at once', async () => {
      const p = open(started)
      const ada = await p.person('Ada')
      const { id } = await ada.get(201, 'POST /api/auth/organisations', { name: 'Voltaic GmbH' })
      const organisation = `/api/auth/organisations/${id}`
      ada.use(await ada.get(200, `POST ${organisation}/switch`))
      const passport = await ada.get(201, 'POST /api/passports', { data: baseline('BP-2024-012') })
      assert.deepEqual(passport.owner, { kind: 'organisation', id })
      const at = `/api/passports/${passport.id}`

      async function join(name: string, role: string) {
        const email = p.addressOf(name)
        await ada.get(201, `POST ${organisation}/invitations`, { email, role })
        const link = linkIn((await p.mails(email, 'organisation.member-invited'))[0]!)
        const page = await client(p.address).ask(`GET ${link.pathname}`)
        assert.deepEqual(
          [page.status, page.body.includes('Voltaic GmbH')],
          [200, true],
          'whoever follows the link sees what it is about',
        )
        const member = await p.person(name)
        await member.get(404, `GET ${at}`)
        const token = link.pathname.split('/').at(-1)!
        assert.equal((await member.get(200, 'POST /api/auth/invitations/accept', { token })).role, role)
        await member.get(404, 'POST /api/auth/invitations/accept', { token })
        await member.get(404, `GET ${at}`)
        member.use(await member.get(200, `POST ${organisation}/switch`))
        assert.deepEqual((await member.get(200, 'GET /api/auth/profile')).organisation, { id, role })
        return member
      }
      const grace = await join('Grace', 'editor')
      const victor = await join('Victor', 'viewer')

      const data = { ...passport.data, note: 'checked by Grace' }
      assert.equal((await grace.get(200, `PUT ${at}`, { data }, { 'if-match': '"1"' })).version, 2)
      assert.equal((await ada.get(200, `GET ${at}/versions`)).items[0].actor.userId, grace.id)

      assert.deepEqual((await victor.get(200, `GET ${at}`)).data, data)
      assert.equal((await victor.get(403, `PUT ${at}`, { data: passport.data })).code, 'editor_required')
      for (const request of [`POST ${at}/publish`, `DELETE ${at}`]) await victor.get(403, request)
      await victor.get(403, 'POST /api/passports', { data: baseline('BP-2024-013') })
      await grace.get(403, `POST ${organisation}/invitations`, { email: 'mallory@example.com', role: 'owner' })

      // Told is who belongs there when the message goes out: nobody hears of what happens where they are no more.
      await p.settle()
      await ada.get(204, `DELETE ${organisation}/members/${grace.id}`)
      assert.equal(await p.refusal(grace, at), 'token_invalid', 'removed is removed at once')
      await grace.get(401, `PUT ${at}`, { data: passport.data })
      grace.use(await grace.get(200, 'POST /api/auth/refresh', { refreshToken: grace.refreshToken }))
      await grace.get(404, `GET ${at}`)
      await grace.get(404, `POST ${organisation}/switch`)
      assert.equal((await ada.ask(`DELETE ${organisation}/members/${ada.id}`)).status, 409, 'the last owner stays')
      assert.equal((await ada.get(200, `GET ${at}`)).version, 2)

      await p.settle()
      const own = ['organisation.member-changed', 'passport.updated', 'user.logged-in', 'user.registered']
      assert.deepEqual(await eventsOf(victor), own)
      assert.deepEqual(await eventsOf(grace), ['organisation.member-changed', ...own])
      assert.deepEqual(await eventsOf(ada), [
        'organisation.created',
        'passport.created',
        'passport.updated',
        'user.logged-in',
        'user.registered',
      ])
      assert.equal((await p.mails(ada.email, 'passport.created', 'in-app')).length, 1)
      for (const { email } of [grace, victor])
        assert.equal((await p.mails(email, 'organisation.member-invited')).length, 1)
    })

    await t.test(
      'a browser signs in by cookies that no script reads, and no other site makes it change anything',
      async () => {
        const p = open(started)
        const { email } = await p.person('Ada')
        const browser = client(p.address)
        const here = { 'sec-fetch-site': 'same-origin' }
        const jar = new Map<string, string>()
        /** Asks as a browser does: with the cookies it holds, keeping those it is given. */
        async function visit(request: string, body?: object, headers: Record<string, string> = {}) {
          const answer = await browser.ask(request, body, {
            ...headers,
            cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; '),
          })
          for (const cookie of answer.headers.getSetCookie()) {
            const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie)!
            if (/Max-Age=0|Expires=Thu, 01 Jan 1970/i.test(cookie)) jar.delete(name!)
            else jar.set(name!, value!)
          }
          return answer
        }

        const signedIn = await visit('POST /api/auth/login', { email, password }, here)
        const cookies = signedIn.headers.getSetCookie()
        assert.deepEqual(cookies.map(cookie => cookie.split('=')[0]).sort(), [
          'ohmnibus-access',
          'ohmnibus-browser',
          'ohmnibus-refresh',
        ])
        for (const cookie of cookies) assert.match(cookie, /; HttpOnly;.* SameSite=Lax/)

        assert.equal((await visit('GET /api/auth/profile')).body.email, email)
        let number = 0
        const create = async (headers?: Record<string, string>) => {
          const { status, body } = await visit('POST /api/passports', { data: baseline(`BP-${++number}`) }, headers)
          return status === 201 ? status : body.code
        }
        assert.equal(await create(), 201, 'no page: browsers say where one is from')
        assert.equal(await create({ 'sec-fetch-site': 'cross-site' }), 'origin_not_allowed')
        assert.equal(
          await create({ 'sec-fetch-site': 'same-site', origin: 'https://evil.example.com' }),
          'origin_not_allowed',
        )
        assert.equal(await create({ origin: 'null' }), 'origin_not_allowed')
        assert.equal(await create(here), 201)
        assert.equal(await create({ origin: p.publicUrl }), 201)
        assert.equal(
          await create({ 'sec-fetch-site': 'cross-site', origin: consoleOrigin }),
          201,
          'CORS_ORIGINS names it',
        )
        assert.equal((await visit('GET /api/passports')).body.items.length, 4)

        const before = jar.get('ohmnibus-refresh')
        const elsewhere = { origin: 'https://evil.example.com' }
        assert.equal((await visit('POST /api/v1/auth/refresh', undefined, elsewhere)).body.code, 'origin_not_allowed')
        assert.equal((await visit('POST /api/v1/auth/refresh', undefined, here)).status, 200)
        assert.notEqual(jar.get('ohmnibus-refresh'), before)
        const stolen = jar.get('ohmnibus-access')!
        assert.equal((await visit('POST /api/auth/logout', undefined, elsewhere)).body.code, 'origin_not_allowed')
        assert.equal((await visit('POST /api/auth/logout', undefined, here)).status, 204)
        assert.deepEqual(
          [...jar.keys()].filter(name => !['ohmnibus-registration', 'ohmnibus-browser'].includes(name)),
          [],
        )
        const thief = client(p.address, { cookie: `ohmnibus-access=${stolen}` })
        assert.equal(await p.refusal(thief, '/api/auth/profile'), 'token_invalid')
      },
    )
  })
