import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '#kernel'
import { asked, open, published, surfaces } from './cases.ts'

/** Routes that the leak test leaves out, and why nothing of a passport leaves there. */
const without: Readonly<Record<string, string>> = {
  'POST /api/passports': 'answers what was sent',
  'POST /api/passports/:id/publish': 'its owner alone, who reads all of it',
  'POST /api/passports/:id/move': 'its owner alone',
  'POST /api/passports/move': 'its owner alone',
  'POST /api/passports/:id/items': 'its owner alone',
  'POST /api/passports/:id/requests': 'answers what was sent',
  'POST /api/passports/:id/readers': 'its owner alone',
  'PUT /api/passports/:id/readers/:readerId': 'its owner alone',
  'DELETE /api/passports/:id/readers/:readerId': 'its owner alone',
  'POST /v1/dpps': 'answers the id of what was sent',
  'POST /api/documents/upload': 'answers what was sent',
  'PUT /api/documents/:docId/file': 'its owner alone',
  'POST /api/documents/:docId/move': 'its owner alone',
  'POST /api/documents/move': 'its owner alone',
  'DELETE /api/documents/:docId': 'its owner alone',
  'POST /api/passports/import': 'answers what was sent',
  'POST /api/passports/import/proposal': 'knows no passport',
  'PUT /api/passports/import/mapping': 'knows no passport',
  'PATCH /api/passports/settings': 'knows no passport',
  'GET /api/passports/policy': 'the law, of no passport',
  'GET /api/passports/policy/:policyId': 'the law, of no passport',
  'GET /api/passports/rules': 'the law, of no passport',
  'GET /api/passports/rules/:setId': 'the law, of no passport',
  'GET /api/passports/checkpoints': 'digests alone',
  'GET /api/passports/checkpoints/:day': 'digests alone',
  'GET /api/passports/checkpoints/keys': 'public keys',
  'GET /api/exchange/formats': 'knows no passport',
  'POST /api/exchange/convert': 'answers what was sent, in another form',
  'GET /vocabulary': 'words, of no passport',
  'GET /vocabulary/:term': 'words, of no passport',
  'GET /operators/:id/did.json': 'the identifier of an operator',
  'GET /.well-known/gs1resolver': 'what the resolver knows',
  'GET /v1/openapi.json': 'the interface itself',
  'GET /01/*': 'leads where /id/:code does',
  'GET /8004/*': 'leads where /id/:code does',
  'GET /files/passports/:signature': 'nobody is given such a link',
  'GET /files/:signature': 'links of former days, the same as /files/documents/:signature',
}

test('each route of passports and their documents is a surface of the leak test, or it is said why not', async t => {
  const of = await open(t)
  const one = await published(of, 'LMT', { userId: newId() })
  await surfaces(of, one, { userId: newId() })
  const paths = [...asked]
  const isAsked = (method: string, url: string): boolean => {
    const like = new RegExp(`^${method} ${url.replace(/[.]/g, '\\.').replace(/:\w+/g, '[^/]+').replace(/\*/g, '.+')}$`)
    return paths.some(path => like.test(path))
  }
  const routes = of.p.http.app.documented
    .filter(({ method, config }) => method !== 'HEAD' && ['passports', 'documents'].includes(config?.service ?? ''))
    .map(({ method, url }) => [String(method), url] as const)
  assert.ok(routes.length > 90, `${routes.length}`)
  // Of fixed words and a parameter in one place the words are meant.
  const left = routes.filter(([method, url]) => !isAsked(method, url) && !(`${method} ${url}` in without))
  assert.deepEqual(
    left.map(route => route.join(' ')),
    [],
    'neither asked nor excused: add them to surfaces in cases.ts',
  )
  const known = new Set(routes.map(route => route.join(' ')))
  assert.deepEqual(
    Object.keys(without).filter(route => !known.has(route)),
    [],
    'excused, and there no more',
  )
})
