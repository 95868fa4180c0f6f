import assert from 'node:assert/strict'
import { suite, test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { getOrganisation, OrganisationKindsChanged } from '#contracts/identity'
import { newId, Problem, type Actor } from '#kernel'
import { answering } from '../../../kernel/testing.ts'
import { codeOf, member, open, publishable, type Client } from '../testing.ts'

/** A platform at work; `verified` is what identity answers of organisations. */
async function inProduction(t: TestContext) {
  const verified = new Map<string, { kinds: string[]; version: number }>()
  const outage = { identity: false }
  const asked: string[] = []
  const of = await open(t, { mode: 'production' }, [
    answering(getOrganisation, async ({ organisationId }) => {
      asked.push(organisationId)
      if (outage.identity) throw new Problem('unavailable', 'service_unavailable')
      const found = verified.get(organisationId)
      if (!found) throw new Problem('not_found', 'organisation_unknown')
      return { organisationId, name: 'Voltaic GmbH', identifiers: [], ...found } as never
    }),
  ])
  /** As identity tells of it. */
  const tell = async (organisationId: string, kinds: string[], version: number) => {
    await of.p.publish(OrganisationKindsChanged, {
      organisationId,
      kinds: kinds as ['importer'],
      identifiers: [],
      decided: null,
      version,
    })
  }
  return { ...of, verified, outage, asked, tell }
}

const codes = (client: Client, id: string) => codeOf(client.post(`/${id}/publish`))
const refused = [403, 'economic_operator_required']
const published = [200, undefined]

suite('who may publish', () => {
  test('a person keeps drafts and is told what to do to publish; an admin publishes them as little', async t => {
    const { as, p, known } = await inProduction(t)
    const userId = newId()
    const [ada, root] = [as({ userId }), as({ role: 'admin' })]
    const { id } = await ada.make(publishable('BP-1'))
    const { status, body } = await ada.post(`/${id}/publish`)
    assert.deepEqual([status, body.code], refused)
    assert.match(body.detail, /Art\. 77\(4\).*manufacturer, importer or operator.*POST \/api\/passports\/:id\/move/)
    assert.deepEqual(await codes(root, id), refused)
    assert.equal((await ada.put(`/${id}`, { data: publishable('BP-1', { note: 'kept' }) })).body.status, 'draft')
    const company = newId()
    known.members.set(company, [[userId, 'editor']])
    const editor = as({ userId, organisation: { id: company, role: 'editor' } })
    await p.publish(OrganisationKindsChanged, {
      organisationId: company,
      kinds: ['importer'],
      identifiers: [],
      decided: null,
      version: 1,
    })
    assert.equal((await editor.post(`/${id}/move`, { organisationId: company })).status, 200)
    await p.settle()
    assert.deepEqual(await codes(editor, id), published, 'it went the way that was told')
  })

  test('an organisation publishes once it is verified as one that answers for passports, and no more when it is not', async t => {
    const { as, tell, p } = await inProduction(t)
    const company = newId()
    const ada = as(member(company, 'editor'))
    const make = async (identifier: string) => (await ada.make(publishable(identifier))).id
    const [first, second] = [await make('A'), await make('B')]
    const { body } = await ada.post(`/${first}/publish`)
    assert.match(body.detail, new RegExp(`POST /api/auth/organisations/${company}/kinds`))
    await tell(company, ['workshop', 'recycler', 'vendor', 'authority'], 2)
    await p.settle()
    assert.deepEqual(await codes(ada, first), refused, 'none of these places batteries on the market')
    await tell(company, ['workshop', 'manufacturer'], 3)
    await p.settle()
    assert.deepEqual(await codes(ada, first), published)

    await tell(company, ['workshop'], 4)
    await p.settle()
    assert.deepEqual(await codes(ada, second), refused)
    const kept = await ada.put(`/${first}`, { data: publishable('A', { note: 1 }) })
    assert.deepEqual([kept.status, kept.body.status], [200, 'published'], 'what was published is still theirs to keep')
    assert.equal((await ada.delete(`/${first}`)).body.status, 'archived')

    await tell(company, ['manufacturer'], 3)
    await p.settle()
    assert.deepEqual(await codes(ada, second), refused, 'what comes late is older, and counts no more')
  })

  test('of whom nothing was heard identity is asked; what it cannot say is no refusal for good', async t => {
    const { as, verified, outage, asked, tell, p } = await inProduction(t)
    const [old, fresh] = [newId(), newId()]
    const [ada, bea] = [as(member(old, 'editor')), as(member(fresh, 'editor'))]
    const { id } = await ada.make(publishable('A'))
    outage.identity = true
    assert.deepEqual(await codes(ada, id), [503, 'service_unavailable'])
    outage.identity = false
    verified.set(old, { kinds: ['operator'], version: 7 })
    assert.deepEqual(await codes(ada, id), published, 'verified before the log of events began')
    asked.length = 0
    const other = await ada.make(publishable('B'))
    assert.deepEqual(await codes(ada, other.id), published)
    assert.deepEqual(asked, [], 'once is enough')

    await tell(fresh, [], 1)
    await p.settle()
    const { id: theirs } = await bea.make(publishable('A'))
    outage.identity = true
    assert.deepEqual(await codes(bea, theirs), refused, 'as far as was heard')
    outage.identity = false
    verified.set(fresh, { kinds: ['importer'], version: 2 })
    assert.deepEqual(await codes(bea, theirs), published, 'its event is on the way')
  })

  test('an order is refused before anything is made, and ends where its owner is an operator no more', async t => {
    const { as, verified, tell, p } = await inProduction(t)
    const company = newId()
    const ada = as(member(company, 'editor'))
    const model = { generalInformation: { batteryCategory: 'EV', batteryModel: 'M1' } }
    const { id } = (await ada.post('', { data: model, granularity: 'model' })).body
    const order = (publish: boolean, from: number, count = 2) =>
      ada.post(`/${id}/items`, { range: { from, count }, publish })
    assert.deepEqual(await codeOf(order(true, 1)), refused)
    const drafts = await order(false, 1)
    assert.equal(drafts.status, 202, 'drafts are everybody’s')
    await p.settle()

    verified.set(company, { kinds: ['manufacturer'], version: 2 })
    assert.deepEqual(await codes(ada, id), published)
    // The first thousand waits until it is heard that its owner may publish no more.
    const sql = p.db('passports')
    const until = async (look: () => PromiseLike<readonly object[]>) => {
      for (const end = Date.now() + 10_000; (await look()).length === 0; await sleep(10)) assert.ok(Date.now() < end)
    }
    let late!: { body: { id: string } }
    await sql.begin(async tx => {
      await tx`lock table versions in share mode`
      late = await order(true, 3, 1500)
      await until(
        () => sql`
          select from pg_stat_activity
          where wait_event_type = 'Lock' and query like '%insert into passports (%' and datname = current_database()`,
      )
      verified.set(company, { kinds: [], version: 3 })
      await tell(company, [], 3)
      await until(() => sql`select from operators where organisation_id = ${company} and version = 3`)
    })
    await p.settle()
    const { body } = await ada.get(`/${id}/items/${late.body.id}`)
    assert.deepEqual([body.state, body.created], ['failed', 1000])
    assert.match(body.problem, /economic operator/)
    assert.equal((await ada.get('/count?status=published')).body.count, 1001)
  })

  test('of a file the lines that publish are refused by themselves, in a dry run too', async t => {
    const { as, verified, p } = await inProduction(t)
    const actor: Partial<Actor> = member(newId(), 'editor')
    const ada = as(actor)
    const file = [
      'uniqueBatteryIdentifier,batteryCategory,batteryModelIdentifier,status',
      'A,EV,M1,published',
      'B,EV,M1,draft',
      '',
    ].join('\n')
    const bring = async (query = '') => {
      const headers = { ...p.signedIn(actor), 'content-type': 'text/csv' }
      const sent = await p.http.inject({ method: 'POST', url: `/api/passports/import${query}`, headers, payload: file })
      assert.equal(sent.statusCode, 202, sent.body)
      await p.settle()
      const { created, updated, unchanged, failed, faults } = (await ada.get(`/imports/${sent.json().id}`)).body
      return [[created, updated, unchanged, failed], faults.map((one: { detail: string }) => one.detail).join()]
    }
    for (const query of ['?dryRun=true', '']) {
      const [counts, said] = await bring(query)
      assert.deepEqual(counts, [1, 0, 0, 1])
      assert.match(String(said), /answers for it as an economic operator/)
    }
    assert.equal((await ada.get('/count')).body.count, 1)
    verified.set(actor.organisation!.id, { kinds: ['importer'], version: 2 })
    assert.deepEqual(await bring(), [[1, 0, 1, 0], ''])
    assert.equal((await ada.get('/count?status=published')).body.count, 1)
  })

  test('what EN 18222 writes is a draft, and no word of a patch publishes it', async t => {
    const { as, p } = await inProduction(t)
    const actor = { userId: newId() }
    const headers = p.signedIn(actor)
    const made = await p.http.inject({
      method: 'POST',
      url: '/v1/dpps',
      headers,
      payload: { granularity: 'Item', uniqueProductIdentifier: 'BP-9', identity: { batteryCategory: 'EV' } },
    })
    assert.equal(made.statusCode, 201, made.body)
    const dppId = made.json().digitalProductPassportId
    const patched = await p.http.inject({
      method: 'PATCH',
      url: `/v1/dpps/${encodeURIComponent(dppId)}`,
      headers: { ...headers, 'content-type': 'application/merge-patch+json' },
      payload: JSON.stringify({ dppStatus: 'active' }),
    })
    assert.equal(patched.statusCode, 409, patched.body)
    assert.equal((await as(actor).get(`/${dppId.replace('urn:uuid:', '')}`)).body.status, 'draft')
  })
})
