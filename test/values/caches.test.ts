import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Role } from '#contracts/shared'
import { newId } from '#kernel'
import { start, type TestPlatform } from '../../kernel/testing.ts'
import { choose } from '../../services/all.ts'
import { startIdentity } from '../../services/identity/testing.ts'
import { notifications } from '../../services/notifications/service.ts'
import { everythingHappens } from '../journeys/everything.ts'
import { addressOf, routesOf, type Asked } from './routes.ts'

test('what is for one person no shared cache keeps, and no browser shows it to the next without asking', async t => {
  const p = await start(t, await choose())
  const headers = p.signedIn({ role: 'admin' })
  for (const route of routesOf(p)) {
    const options = { method: route.method as 'GET', url: addressOf(route, () => newId()), headers }
    const answer = await p.http.inject(options)
    const { 'cache-control': kept, vary } = answer.headers
    if (kept === 'private, no-cache') assert.match(String(vary), /authorization, cookie/, route.name)
    else if (!route.isPublic || route.method !== 'GET') assert.match(String(kept), /^(private, )?no-store$/, route.name)
  }
})

test('so it is with answers of what there is: each route with an id is asked about one that somebody made', async t => {
  const p = await everythingHappens(await choose())
  t.after(p.close)
  const ids = await idsOf(p)
  const people = await p.db('identity')<{ id: string; organisation: string | null }[]>`
    select u.id, (select organisation_id from members m where m.user_id = u.id limit 1) as organisation from users u`
  const askers = [
    p.signedIn({ role: 'admin' }),
    ...people.flatMap(({ id: userId, organisation: id }) => [
      p.signedIn({ userId, role: 'vendor' }),
      ...(id ? [p.signedIn({ userId, role: 'operator', organisation: { id, role: 'owner' } as never })] : []),
    ]),
  ].slice(0, 6)
  const [found, missed]: [string[], string[]] = [[], []]
  for (const route of routesOf(p).filter(({ method, params }) => method === 'GET' && params.length > 0)) {
    const isFound = await search(route)
    ;(isFound ? found : missed).push(route.name)
  }
  // Of two that vary nobody knows which belong together, and of some there is nothing.
  assert.ok(found.length >= 60, `${found.length} answered, these not: ${missed.join(', ')}`)

  async function search(route: Asked): Promise<boolean> {
    for (const id of ids(route))
      for (const headers of askers) {
        const answer = await p.http.inject({ url: addressOf(route, () => id), headers })
        if (answer.statusCode !== 200) {
          if (answer.statusCode === 404 || answer.statusCode === 400) break
          continue
        }
        const { 'cache-control': kept, vary } = answer.headers
        if (kept === 'private, no-cache') assert.match(String(vary), /authorization, cookie/, route.name)
        else if (!route.isPublic) assert.match(String(kept), /^(private, )?no-store$/, route.name)
        else assert.ok(kept, `${route.name} says whether it may be kept`)
        return true
      }
    return false
  }
})

/** By route the ids of what may be meant: those of the tables that its address names, a few of each. */
async function idsOf(p: TestPlatform): Promise<(route: Asked) => string[]> {
  const columns = await p.db('kernel')<{ schema: string; table: string; column: string }[]>`
    select c.table_schema as schema, c.table_name as table, c.column_name as column
    from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
    where t.table_type = 'BASE TABLE' and c.table_schema not in ('kernel', 'graphile_worker', 'pg_catalog', 'information_schema')
      and c.column_name in ('id', 'slug', 'number', 'code', 'session_id', 'charger_id', 'organisation_id')`
  const known = new Map<string, string[]>()
  for (const { schema, table, column } of columns) {
    const rows = await p.db(schema).unsafe(`select distinct "${column}"::text as id from "${table}" limit 4`)
    known.set(`${schema} ${table} ${column}`, rows.map(({ id }) => id as string).filter(Boolean))
  }
  return ({ url, service }) => {
    const words = url.split(/[/:?.]/).filter(word => word.length > 3)
    const near = [...known]
      .filter(([key]) => key.startsWith(`${service} `))
      .toSorted(([a], [b]) => fits(b) - fits(a))
      .flatMap(([, ids]) => ids)
    function fits(key: string): number {
      const table = key.split(' ')[1]!
      return words.some(word => table.startsWith(word.replaceAll('-', '_').slice(0, -1))) ? 1 : 0
    }
    return [...new Set(near)].slice(0, 16)
  }
}

test('of what stands at one address for everybody, each their own, nobody is told that what another saw still stands', async t => {
  const p = await start(t, await choose())
  const address = { street: 'Markt 1', postalCode: '10178', city: 'Berlin', country: 'DE' }
  const told: [url: string, role: Role, payload?: object][] = [
    ['/api/users/profile', 'user'],
    ['/api/billing/invoicing', 'user'],
    ['/api/billing/seller', 'operator', { name: 'Voltaic GmbH', address, taxId: null }],
    ['/api/users/plans/seller', 'vendor', { name: 'Voltaic GmbH', address, taxId: null }],
  ]
  for (const [url, role, payload] of told) {
    const [ada, bob] = [p.signedIn({ userId: newId(), role }), p.signedIn({ userId: newId(), role })]
    for (const headers of [ada, bob]) {
      const put = payload && (await p.http.inject({ method: 'PUT', url, headers, payload }))
      if (put) assert.equal(put.statusCode, 200, put.body)
    }
    const tag = String((await p.http.inject({ url, headers: ada })).headers.etag)
    const again = (headers: object) => p.http.inject({ url, headers: { ...headers, 'if-none-match': tag } })
    assert.deepEqual([(await again(ada)).statusCode, (await again(bob)).statusCode], [304, 200], url)
    // What names the version names it for a change too.
    const change = (match: string) =>
      p.http.inject({ method: 'PUT', url, headers: { ...ada, 'if-match': match }, payload: payload ?? {} })
    if (payload) assert.deepEqual([(await change('"7"')).statusCode, (await change(tag)).statusCode], [412, 200], url)
  }
})

test('what is named by its version, for changes of it, is named by all that it says', async t => {
  const p = await start(t, await choose())
  const headers = p.signedIn({ userId: newId(), role: 'operator' })
  const site = await p.http.inject({ method: 'POST', url: '/api/stations/sites', headers, payload: { name: 'Hub' } })
  const url = String(site.headers.location)
  const read = (tag = '""') => p.http.inject({ url, headers: { ...headers, 'if-none-match': tag } })
  const tag = String((await read()).headers.etag)
  assert.match(tag, /^"1-[\w-]{16}"$/)
  const [same, other] = [await read(tag), await read('"1"')]
  assert.deepEqual([same.statusCode, same.body, same.headers.etag], [304, '', tag])
  assert.deepEqual([other.statusCode, other.headers['cache-control']], [200, 'private, no-cache'])
  const change = (match: string) =>
    p.http.inject({ method: 'PUT', url, headers: { ...headers, 'if-match': match }, payload: { name: 'Hub 2' } })
  assert.deepEqual([(await change('"2"')).statusCode, (await change(tag)).statusCode], [412, 200])
  assert.deepEqual([(await read(tag)).statusCode, (await change(tag)).statusCode], [200, 412])
})

test('what an answer is tagged with names the person where it differs by person', async t => {
  const { http, post, person } = await startIdentity(t, {}, [notifications])
  const [ada, bob] = [await person('Ada'), await person('Bob')]
  const { id } = (await post('/organisations', { name: 'Voltaic' }, ada.headers)).json()
  await post(`/organisations/${id}/invitations`, { email: bob.email, role: 'viewer' }, ada.headers)
  for (const url of ['/api/auth/profile', '/api/notifications/preferences']) {
    const first = await http.inject({ url, headers: ada.headers })
    const tag = String(first.headers.etag)
    const again = await http.inject({ url, headers: { ...ada.headers, 'if-none-match': tag } })
    assert.equal(again.statusCode, 304, url)
    assert.equal(again.headers['cache-control'], 'private, no-cache')
    const other = await http.inject({ url, headers: { ...bob.headers, 'if-none-match': tag } })
    assert.deepEqual([other.statusCode, other.headers.etag === tag], [200, false], url)
  }
  const url = `/api/auth/organisations/${id}`
  const { etag } = (await http.inject({ url, headers: ada.headers })).headers
  const rename = (match: string) =>
    http.inject({ method: 'PATCH', url, headers: { ...ada.headers, 'if-match': match }, payload: { name: 'Volt' } })
  assert.equal((await rename('"77"')).statusCode, 412)
  assert.match((await rename('77')).json().detail, /in quotation marks/)
  const renamed = await rename(String(etag))
  assert.equal(renamed.statusCode, 200)
  assert.equal((await rename(String(renamed.headers.etag))).statusCode, 200)
})
