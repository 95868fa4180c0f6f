import assert from 'node:assert/strict'
import { newId } from '#kernel'
import { attributes, categories } from '#law'
import { nodeAt, stepsOf } from '../../services/passports/dpp/paths.ts'
import { heads } from '../../services/passports/dpp/shape.ts'
import { npmOf, pythonOf } from '../../tools/outside/peers.ts'
import { open, published } from '../lattice/cases.ts'
import { answerOf, line } from './line.ts'

/** Names that somebody may have given, which a path has to write otherwise. */
const odd = {
  "o'clock": 1,
  'back\\slash': [2, { '': 3 }],
  'tab\there': 4,
  '\u0001\u001f': 5,
  'Größe "🔋"': { "a']['b": 6 },
}

line('element paths: each finds the same node by json-p3, jsonpath-rfc9535 and over the network', async t => {
  const [{ jsonpath }, python] = [await npmOf('json-p3'), await pythonOf('python')]
  const of = await open(t)
  const owner = { userId: newId() }
  const headers = of.p.signedIn(owner)
  const asked: { document: any; paths: string[]; dpp?: string }[] = [{ document: odd, paths: [] }]
  for (const category of categories) {
    const { id } = await published(of, category, owner)
    const dpp = `/v1/dpps/urn:uuid:${id}`
    const document = (await of.p.http.inject({ url: dpp, headers })).json()
    const paths = attributes.filter(one => !(one.id in heads)).map(({ group, id }) => `$['${group}']['${id}']`)
    asked.push({ document, paths, dpp })
  }
  const others = await answerOf(python, 'paths.py', asked)
  let nodes = 0
  for (const [at, { document, paths, dpp }] of asked.entries()) {
    for (const [index, path] of paths.entries()) {
      const [ours, javaScript, byPython] = [
        nodeAt(document, stepsOf(path)),
        jsonpath.query(path, document).values(),
        others[at].found[index],
      ]
      assert.deepEqual(javaScript, ours === undefined ? [] : [ours], path)
      assert.deepEqual(byPython, javaScript, path)
      const answer = await of.p.http.inject({ url: `${dpp}/elements/${encodeURIComponent(path)}`, headers })
      assert.equal(answer.statusCode, ours === undefined ? 404 : 200, `${path}: ${answer.body}`)
      if (ours !== undefined) assert.deepEqual(answer.json(), ours, path)
    }
    const byTheirs: [string, unknown][][] = [
      others[at].all,
      [...jsonpath.query('$..*', document)].map((node: any) => [node.getPath({ form: 'canonical' }), node.value]),
    ]
    for (const all of byTheirs)
      for (const [path, value] of all) {
        nodes++
        assert.deepEqual(nodeAt(document, stepsOf(path)), value, path)
      }
  }
  return `${asked.length - 1} categories × ${asked[1]!.paths.length} paths, ${nodes} nodes by normalised paths of others`
})
