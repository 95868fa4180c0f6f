import assert from 'node:assert/strict'
import { newId } from '#kernel'
import { publicIdOf } from '../../services/passports/codes/codes.ts'
import { linkTypes } from '../../services/passports/codes/linkset.ts'
import { npmOf } from '../../tools/outside/peers.ts'
import { open, published } from '../lattice/cases.ts'
import { line } from './line.ts'

line('links: headers of codes, pages and lists, by http-link-header; each leads somewhere', async t => {
  const http = await npmOf('http-link-header')
  const of = await open(t)
  const owner = { userId: newId() }
  const one = await published(of, 'EV', owner)
  const host = await of.p.listen()
  const ask = (url: string, headers: Record<string, string> = {}) => of.p.http.inject({ url, headers })
  let followed = 0
  const code = `/id/${publicIdOf(one.id)}`
  for (const url of [code, `${code}?linkType=linkset`, `${code}?linkType=gs1:dpp`, `/passport/${one.id}`]) {
    const answer = await ask(url)
    const { refs } = http.parse(String(answer.headers.link))
    assert.ok(
      refs.some(({ rel }: { rel: string }) => rel === 'linkset'),
      url,
    )
    for (const { uri, type } of refs) {
      const { pathname, search } = new URL(uri, host)
      const there = await ask(pathname + search)
      assert.equal(there.statusCode, 200, uri)
      if (type) assert.ok(String(there.headers['content-type']).startsWith(type), uri)
      followed++
    }
    assert.equal(http.parse(http.parse(String(answer.headers.link)).toString()).refs.length, refs.length)
  }
  // What the set names is reached by each of its types too.
  const { linkset } = (await ask(`${code}?linkType=linkset`)).json()
  for (const [relation, targets] of Object.entries<{ href: string }[]>(linkset[0]))
    if (Array.isArray(targets))
      for (const { href } of targets) {
        const { pathname, search } = new URL(href)
        assert.equal((await ask(pathname + search)).statusCode, 200, `${relation}: ${href}`)
        followed++
      }
  for (const type of linkTypes) assert.ok([307, 404].includes((await ask(`${code}?linkType=${type}`)).statusCode), type)
  return `${followed} links followed`
})
