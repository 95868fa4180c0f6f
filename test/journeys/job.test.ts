import assert from 'node:assert/strict'
import { test } from 'node:test'
import { start } from '../../kernel/testing.ts'
import { choose } from '../../services/all.ts'
import { clamd, eicar, replyTo } from '../engines/clamd.ts'
import { until } from '../kernel/toys.ts'
import { client } from './client.ts'

const admin = { email: 'root@example.com', password: 'quiet trains at dawn' }

test('a job from posting to application: with a file, a virus test file, one of 100 MB and one of 0 bytes', async t => {
  const gate = Promise.withResolvers<void>()
  const scanner = await clamd({
    reply: async content => {
      if (content.head.includes('take your time')) await gate.promise
      return replyTo(content)
    },
  })
  t.after(scanner.close)
  const p = await start(t, await choose(['identity', 'documents', 'passports', 'notifications', 'content']), {
    environment: { ADMIN_EMAIL: admin.email, ADMIN_PASSWORD: admin.password, ...scanner.settings },
  })
  const address = await p.listen()
  const root = client(address)
  root.use(await root.get(200, 'POST /api/auth/login', admin))
  const { id, slug } = await root.get(201, 'POST /api/content/jobs', {
    language: 'en',
    title: 'Field technician',
    organisation: 'Voltaic GmbH',
    employment: 'full-time',
    place: 'Hamburg',
    country: 'DE',
    body: 'You repair chargers.',
  })
  assert.equal((await root.ask(`GET /jobs/${slug}`)).status, 404, 'a draft is nobody’s to read')
  await root.get(200, `POST /api/content/jobs/${id}/publish`)
  assert.match(String((await client(address).ask(`GET /jobs/${slug}`)).body), /Field technician/)

  const apply = async (name: string, content: (string | Uint8Array<ArrayBuffer>)[], as = 'cv.pdf') => {
    const form = new FormData()
    form.set('name', name)
    form.set('email', `${name.toLowerCase()}@example.com`)
    form.set('file', new File(content, as, { type: 'application/pdf' }))
    const { status, body } = await client(address).ask(`POST /api/content/jobs/${slug}/apply`, form)
    return [status, body.code ?? body.id] as [number, string]
  }
  const [, grace] = await apply('Grace', ['%PDF-1.7\nabout me'])
  const [taken, mallory] = await apply('Mallory', [`%PDF-1.7\n${eicar}`])
  assert.equal(taken, 201, 'that it is harmful is found by who scans it')
  assert.deepEqual(await apply('Max', ['%PDF-1.7\n', new Uint8Array(100e6)]), [413, 'application_file_too_large'])
  assert.deepEqual(await apply('Nina', []), [415, 'application_file_refused'])
  await p.settle()

  const { items } = await root.get(200, `GET /api/content/jobs/${slug}/applications`)
  assert.deepEqual(items.map(({ name }: { name: string }) => name).toSorted(), ['Grace', 'Mallory'])
  assert.match(String(await root.get(200, `GET /api/content/applications/${grace}/file`)), /about me/)
  const refused = await root.get(409, `GET /api/content/applications/${mallory}/file`)
  assert.equal(refused.code, 'application_file_infected')
  assert.equal(scanner.scanned.length, 2, 'what was refused has left nothing')

  const [, paula] = await apply('Paula', ['%PDF-1.7\ntake your time'])
  const fileOf = (id: string) => root.ask(`GET /api/content/applications/${id}/file`)
  const early = await fileOf(paula)
  assert.deepEqual([early.status, early.body.code], [409, 'application_file_waiting'], 'nobody has looked at it')
  await until(() => scanner.scanned.length === 3)
  const meanwhile = await fileOf(paula)
  assert.deepEqual([meanwhile.status, meanwhile.body.code], [409, 'application_file_waiting'], 'it is looked at now')
  gate.resolve()
  await p.settle()
  assert.match(String((await fileOf(paula)).body), /take your time/)

  for (const one of [grace, mallory, paula]) await root.get(204, `DELETE /api/content/applications/${one}`)
  await p.settle()
  assert.deepEqual((await root.get(200, `GET /api/content/jobs/${slug}/applications`)).items, [])
  assert.equal((await root.ask(`GET /api/documents/${grace}`)).status, 404, 'with it goes its file')
})
