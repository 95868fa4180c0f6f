import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { getOrganisation } from '#contracts/identity'
import { newId, Problem } from '#kernel'
import { answering } from '../../../kernel/testing.ts'
import { publicIdOf } from '../codes/codes.ts'
import type { PassportsHost } from '../host.ts'
import { passports } from '../service.ts'
import { codeOf, member, open, publishable } from '../testing.ts'
import { watchHosts } from './hosts.ts'

const own = 'https://passports.voltaic.example'

async function withDomains(t: TestContext) {
  const domains = new Map<string, string[]>()
  const outage = { identity: false }
  const tell = async ({ organisationId }: { organisationId: string }) => {
    if (outage.identity) throw new Problem('unavailable', 'service_unavailable')
    const about = { organisationId, name: 'Voltaic GmbH', identifiers: [], kinds: [], version: 1 }
    return { ...about, domains: domains.get(organisationId) ?? [] }
  }
  const of = await open(t, {}, [answering(getOrganisation, tell)])
  /** What runs every hour. */
  const look = async () => {
    const ask = async (_: unknown, asked: { organisationId: string }) => await tell(asked)
    const start = async (host: PassportsHost) => await watchHosts({ ...host, ask: ask as never })()
    await (await of.p.another([{ ...passports, needs: [], start }] as never)).settle()
  }
  return { ...of, domains, outage, look }
}

test('links and codes name the host of an organisation once its domain is proven, whatever a request says, and as long as it is', async t => {
  const { p, as, nobody, domains, outage, look } = await withDomains(t)
  const company = newId()
  const [boss, ada] = [as(member(company, 'admin')), as(member(company, 'editor'))]
  const name = (publicHost: string | null, client = boss) => client.patch('/settings', { publicHost })
  const { id } = await ada.make(publishable('BP-1'))
  await ada.post(`/${id}/publish`)
  const other = await as().make(publishable('BP-1'))
  const addresses = async () => {
    const headers = { host: 'evil.example', 'x-forwarded-host': 'evil.example' }
    const get = async (url: string, accept = '*/*') =>
      await p.http.inject({ url, headers: { ...headers, accept, ...p.signedIn(member(company, 'editor')) } })
    const short = `/id/${publicIdOf(id)}`
    const told = [
      (await nobody.get(`/${id}`)).body.publicUrl,
      /aria-label="([^"]*)"/.exec((await get(`/api/passports/${id}/label`)).body)![1]!,
      (await get(`${short}?linkType=linkset`)).json().linkset[0].anchor,
      /<([^>]*)>; rel="dpp"/.exec(String((await get(short)).headers.link))![1]!,
      (await get(`/passport/${id}`, 'application/ld+json')).json()['@id'],
    ].map(
      address =>
        new URL(address.replaceAll(/&#(\d+);/g, (_: string, code: string) => String.fromCodePoint(Number(code)))),
    )
    assert.equal(new Set(told.map(({ origin }) => origin)).size, 1, told.join(' '))
    // It opens by any host that leads here.
    assert.equal((await get(told[1]!.pathname)).statusCode, 307)
    return told[0]!.origin
  }
  const platform = await addresses()
  assert.deepEqual(await codeOf(name('passports.voltaic.example', ada)), [403, 'editor_required'])
  assert.deepEqual(await codeOf(name('passports.voltaic.example')), [409, 'host_unproven'])
  domains.set(company, ['voltaic.example'])
  for (const wrong of [
    'evilvoltaic.example',
    'voltaic.example.evil',
    'voltaic.example:8080',
    'a b.voltaic.example',
    '/x',
    'localhost',
  ])
    assert.deepEqual(await codeOf(name(wrong)), [409, 'host_unproven'], wrong)
  assert.deepEqual(await codeOf(name('voltaic.example', as())), [409, 'host_unproven'], 'people have none')
  outage.identity = true
  assert.deepEqual(await codeOf(name('voltaic.example')), [503, 'service_unavailable'])
  outage.identity = false
  assert.equal(await addresses(), platform, 'nothing of that counts')

  const named = await name('Passports.Voltaic.example')
  assert.deepEqual([named.status, named.body.publicHost], [200, 'passports.voltaic.example'])
  assert.equal(await addresses(), own)
  assert.equal(new URL((await as().get(`/${other.id}`)).body.publicUrl ?? platform).origin, platform, 'of nobody else')
  const pdf = await p.http.inject({ url: `/passport/${id}`, headers: { accept: 'application/pdf' } })
  assert.equal(pdf.statusCode, 200)

  outage.identity = true
  await look()
  assert.equal(await addresses(), own, 'while nobody can say it stays')
  outage.identity = false
  await look()
  assert.equal(await addresses(), own)
  domains.set(company, [])
  await look()
  assert.equal(await addresses(), platform, 'proven no more')
  assert.equal((await boss.get('/settings')).body.publicHost, null)
  domains.set(company, ['voltaic.example'])
  await name('voltaic.example')
  assert.equal(
    (await boss.patch('/settings', { publication: 'block' })).body.publicHost,
    'voltaic.example',
    'what is not named stays',
  )
  assert.equal((await name(null)).body.publicHost, null)
})
