import assert from 'node:assert/strict'
import { newId } from '#kernel'
import { attributes, categories } from '#law'
import { npmOf, pythonOf } from '../../tools/outside/peers.ts'
import { open, published } from '../lattice/cases.ts'
import { answerOf, line } from './line.ts'

line('JSON-LD: pages and vocabulary, by jsonld in safe mode and PyLD, without network', async t => {
  const [jsonld, python] = [await npmOf('jsonld'), await pythonOf('python')]
  const of = await open(t)
  const get = async (url: string): Promise<any> => {
    const answer = await of.p.http.inject({ url, headers: { accept: 'application/ld+json' } })
    assert.equal(answer.statusCode, 200, answer.body)
    return answer.json()
  }
  const pages: any[] = []
  for (const category of categories) {
    const { id } = await published(of, category, { userId: newId() })
    pages.push(await get(`/passport/${id}`))
  }
  const documents = [
    ...pages,
    await get('/vocabulary'),
    ...(await Promise.all(attributes.map(({ id }) => get(`/vocabulary/${id}`)))),
  ]
  const documentLoader = (url: string): never => {
    throw new Error(`${url} was asked for`)
  }
  const quads: string[] = []
  for (const document of documents)
    quads.push(
      await jsonld.canonize(document, {
        algorithm: 'RDFC-1.0',
        format: 'application/n-quads',
        safe: true,
        documentLoader,
      }),
    )
  const others = await answerOf(python, 'linked.py', documents)
  for (const [at, one] of quads.entries()) assert.equal(one, others[at], `${documents[at]['@id']}`)
  for (const [at, page] of pages.entries())
    for (const key of Object.keys(page).filter(key => !key.startsWith('@') && page[key] !== null))
      assert.ok(quads[at]!.includes(`/vocabulary/${key}> `), `${key} is no quad`)
  return `${documents.length} documents, ${quads.join('').split('\n').length} quads`
})
