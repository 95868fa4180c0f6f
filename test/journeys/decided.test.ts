import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '../kernel/toys.ts'
import { client } from './client.ts'
import { notSplit, oneProcess, split } from './sites.ts'

const root = { email: 'root@example.com', password: 'quiet trains at dawn' }
const parts = ['identity', 'passports', 'documents', 'notifications', 'ocpp', 'sessions', 'content', 'admin', 'gateway']

/** Where the same is to be seen, whoever serves it. */
const sites: [string, typeof oneProcess, string | false][] = [
  ['in one process', oneProcess, false],
  ['with each service in a process of its own', split, notSplit],
]

for (const [site, open, skip] of sites) {
  test(
    `what admins say stands above every page, in its language, also for who has the page already, ${site}`,
    {
      skip,
    },
    async t => {
      const p = await open(t, { environment: { ADMIN_EMAIL: root.email, ADMIN_PASSWORD: root.password }, parts })
      const ada = client(p.address)
      ada.use(await ada.get(200, 'POST /api/auth/login', root))
      const look = async (path: string, headers: Record<string, string> = {}) => {
        const answer = await fetch(p.address + path, { headers: { accept: 'text/html', ...headers } })
        return { status: answer.status, tag: answer.headers.get('etag')!, text: await answer.text() }
      }
      const [{ slug }] = (await ada.get(200, 'GET /api/content/help?language=en')).items
      const before = await look(`/help/${slug}`)
      assert.equal((await look(`/help/${slug}`, { 'if-none-match': before.tag })).status, 304)

      const said = 'Works on <b>Sunday</b> from 2 to 3.'
      await ada.get(200, 'PUT /api/admin/settings/notice.text', { value: said, version: 1 })
      const shown = '<p role="status">Works on &#60;b&#62;Sunday&#60;/b&#62; from 2 to 3.</p>'
      const pages = ['/', '/blog', `/help/${slug}`, '/de/blog', '/api/auth/security']
      for (const path of pages) await until(async () => (await look(path)).text.includes(shown))
      const after = await look(`/help/${slug}`, { 'if-none-match': before.tag })
      assert.equal(after.status, 200, 'who has it without the notice gets it anew')
      assert.equal((await look(`/help/${slug}`, { 'if-none-match': after.tag })).status, 304)
      assert.deepEqual((await ada.get(200, 'GET /api/admin/features')).notice, { en: said, de: said })

      await ada.get(200, 'PUT /api/admin/settings/notice.text.de', { value: 'Sonntag von 2 bis 3.', version: 1 })
      await until(async () => (await look('/de/blog')).text.includes('Sonntag von 2 bis 3.'))
      assert.ok((await look('/blog')).text.includes(shown), 'and not to others')
      for (const key of ['notice.text', 'notice.text.de'])
        await ada.get(200, `PUT /api/admin/settings/${key}`, { value: '', version: 2 })
      await until(async () => (await look(`/help/${slug}`)).tag === before.tag)
      assert.doesNotMatch((await look('/de/blog')).text, /role="status">Sonntag/)
    },
  )

  test(
    `a feature switched while requests run: each is let through or told that it is off, and soon all are, ${site}`,
    {
      skip,
    },
    async t => {
      const p = await open(t, { environment: { ADMIN_EMAIL: root.email, ADMIN_PASSWORD: root.password }, parts })
      const ada = client(p.address)
      const { user } = await ada.get(200, 'POST /api/auth/login', root).then(answer => (ada.use(answer), answer))
      const start = async () => (await ada.ask('POST /api/sessions/start', { chargerId: 'CP-NOWHERE' })).body.code
      assert.equal(await start(), 'charger_unknown', 'it is on')
      const heard = new Set<string>()
      let running = true
      const asking = Array.from({ length: 4 }, async () => {
        while (running) heard.add(await start())
      })
      const turn = (version: number, how: object) =>
        ada.get(200, 'PUT /api/admin/switches/sessions.start', { ...how, version })
      const off = { isOn: false }
      for (const [index, [how, code]] of (
        [
          [off, 'feature_off'],
          [{ isOn: true }, 'charger_unknown'],
          [{ never: [user.id] }, 'feature_off'],
          [{ never: [], shareBasisPoints: 0 }, 'feature_off'],
          [{ only: [user.id] }, 'charger_unknown'],
          [off, 'feature_off'],
        ] as const
      ).entries()) {
        await turn(index + 1, how)
        await until(async () => (await start()) === code)
        assert.deepEqual(await Promise.all(Array.from({ length: 10 }, start)), Array(10).fill(code), 'and stays so')
      }
      running = false
      await Promise.all(asking)
      assert.deepEqual([...heard].sort(), ['charger_unknown', 'feature_off'], 'and nothing in between')
      const { features } = await ada.get(200, 'GET /api/admin/features')
      assert.equal(features['sessions.start'], false)
    },
  )
}
