import assert from 'node:assert/strict'
import { test } from 'node:test'
import { start } from '../../kernel/testing.ts'
import { choose } from '../../services/all.ts'
import { baseline, client, codeIn, mailsIn, register } from './client.ts'

test('somebody makes a passport in an organisation, hears what is in the way, tidies up and goes; what others rely on stays under their id', async t => {
  const p = await start(t, await choose())
  const address = await p.listen()
  const mails = async (to: string, event: string) => {
    await p.settle()
    return (await mailsIn(p.platform.mailFolder!)).filter(mail => mail.to === to && mail.event === event)
  }
  const ada = client(address)
  const account = { email: 'ada@example.com', password: 'quiet trains at dawn', name: 'Ada' }
  const { user } = await register(ada, '/api/auth', account, async to => codeIn((await mails(to, 'send-otp')).at(-1)!))
  const own = await ada.get(201, 'POST /api/passports', { data: baseline('OWN-1') })
  await ada.get(200, `POST /api/passports/${own.id}/publish`)
  const draft = await ada.get(201, 'POST /api/passports', { data: baseline('OWN-2') })
  const { id } = await ada.get(201, 'POST /api/auth/organisations', { name: 'Voltaic' })
  ada.use(await ada.get(200, `POST /api/auth/organisations/${id}/switch`))
  const passport = await ada.get(201, 'POST /api/passports', { data: baseline('BP-1') })
  const form = new FormData()
  form.set('file', new Blob(['proof']), 'proof.txt')
  const document = (await ada.ask('POST /api/documents/upload', form)).body
  assert.ok(document.docId, JSON.stringify(document))

  const leave = () => ada.ask('DELETE /api/auth/profile', { password: account.password })
  const refused = await leave()
  assert.deepEqual([refused.status, refused.body.code], [409, 'organisation_without_owner'])
  assert.partialDeepStrictEqual(refused.body.organisations, [{ id, holds: { passports: 1, documents: 1 } }])
  assert.partialDeepStrictEqual((await ada.ask(`DELETE /api/auth/organisations/${id}`)).body, {
    code: 'organisation_in_use',
    holds: { passports: 1, documents: 1 },
  })
  assert.equal((await ada.ask(`DELETE /api/passports/${passport.id}`)).status, 204)
  assert.equal((await ada.ask(`DELETE /api/documents/${document.docId}`)).status, 204)

  assert.equal((await leave()).status, 204)
  assert.equal((await mails(account.email, 'user.deleted')).length, 1)
  assert.equal((await ada.ask('GET /api/passports')).status, 401)
  await p.settle()
  const seen = async (id: string) =>
    (await p.http.inject({ url: `/api/passports/${id}`, headers: p.signedIn({ role: 'admin' }) })).json()
  assert.equal((await seen(draft.id)).code, 'passport_unknown', 'a draft of theirs alone goes with them')
  assert.deepEqual((await seen(own.id)).owner, { kind: 'person', id: user.id })
  const [told] = await p.db(
    'notifications',
  )`select count(*)::int as count from notifications where user_id = ${user.id}`
  assert.equal(told!.count, 0)
})
