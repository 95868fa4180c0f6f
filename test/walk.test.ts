import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { start, type TestPlatform } from '../kernel/testing.ts'
import { choose } from '../services/all.ts'
import { walk } from '../tools/docs/walk.ts'
import { mailsIn } from './journeys/client.ts'

/** JSON of any depth, as OpenAPI and newman have it. */
type Json = Record<string, any>

const folder = join(import.meta.dirname, '../docs/api')
const openapi = JSON.parse(readFileSync(join(folder, 'openapi.json'), 'utf8')) as Json
const collection = JSON.parse(readFileSync(join(folder, 'ohmnibus.postman_collection.json'), 'utf8')) as Json
const admin = { email: 'root@example.com', password: 'quiet trains at dawn' }

/** Tells the code and the token of the last mail to an address, once it is there. */
async function mailboxOf(t: TestContext, p: TestPlatform): Promise<string> {
  const server = createServer(async (request, response) => {
    const to = new URL(request.url!, 'http://localhost').searchParams.get('to')
    await p.settle()
    const { text = '' } = (await mailsIn(p.platform.mailFolder!)).findLast(mail => mail.to === to) ?? {}
    const token = /^https?:\/\/\S+\/(\S+)$/m.exec(text)?.[1]
    response.end(JSON.stringify({ code: /^\d{6}$/m.exec(text)?.[0], token }))
  }).listen(0, '127.0.0.1')
  t.after(() => server.close())
  await new Promise(done => server.once('listening', done))
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`
}

/** Runs the collection, or some chapters of it, as `newman` does; gives every answer, and what its assertions say. */
async function run(
  variables: Record<string, string>,
  chapters?: readonly string[],
): Promise<{ answers: Json[]; failures: string[] }> {
  // It has no types.
  const newman = createRequire(import.meta.url)('newman') as { run(options: Json, done: (...args: any[]) => void): any }
  const answers: Json[] = []
  const summary = await new Promise<Json>((resolve, reject) => {
    newman
      .run(
        {
          collection,
          folder: chapters,
          workingDir: folder,
          envVar: Object.entries(variables).map(([key, value]) => ({ key, value })),
        },
        (error: Error | null, result: Json) => (error ? reject(error) : resolve(result)),
      )
      .on('request', (_: unknown, { item, response }: Json) => {
        // What a script asks the mailbox is told of too.
        if (nameOf(item) !== 'GET /') answers.push({ item, response })
      })
  })
  const failures = summary.run.failures.map(
    ({ source, error, at }: Json) =>
      `${source?.name} (${at}): ${error.message} ${answers.findLast(({ item }) => item.id === source?.id)?.response.text()}`,
  )
  return { answers, failures }
}

/** Which operation a request was: those with fewer parts that vary are looked at first. */
const paths = Object.keys(openapi.paths).sort((a, b) => a.split('{').length - b.split('{').length)
function nameOf({ request }: Json): string {
  const sent = `/${(request.url.path ?? []).join('/')}`
  const template = paths.find(path =>
    new RegExp(`^${path.replaceAll('.', '\\.').replace(/\{\w+\}/g, '[^/]+')}$`).test(sent),
  )
  return `${request.method} ${template ?? sent}`
}

/** What the document says of an answer, and where. */
function documentedAnswer(path: string, method: string, status: number): { answer: Json; at: string[] } | undefined {
  const answer: Json | undefined = openapi.paths[path]?.[method]?.responses[status]
  if (!answer) return undefined
  const name: string | undefined = answer.$ref?.split('/').at(-1)
  return name
    ? { answer: openapi.components.responses[name], at: ['components', 'responses', name] }
    : { answer, at: ['paths', path, method, 'responses', String(status)] }
}
const pointer = (...keys: string[]): string =>
  keys.map(key => `/${encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'))}`).join('')

// Some eight hundred routes, one after the other.
test(
  'every documented example is sent to a running platform, and answers what is documented',
  { timeout: 900_000 },
  async t => {
    const p = await start(t, await choose(), {
      environment: { ADMIN_EMAIL: admin.email, ADMIN_PASSWORD: admin.password },
    })
    const baseUrl = await p.listen()
    const { answers, failures } = await run({ baseUrl, ...admin, mailbox: await mailboxOf(t, p) })
    assert.deepEqual(failures, [])

    // The document is taken in once, and each answer's schema is a place in it: to take in all of it for each took most
    // of the time.
    const ajv = formats.default(new Ajv2020({ strict: false, allErrors: true })).addSchema({ $id: 'api:', ...openapi })
    const wrong: string[] = []
    for (const { item, response } of answers) {
      const [method, path] = nameOf(item).split(' ') as [string, string]
      const documented = documentedAnswer(path, method.toLowerCase(), response.code)
      if (!documented) wrong.push(`${nameOf(item)} answers ${response.code}, which is not documented`)
      const media = ['application/json', 'application/problem+json'].find(type => documented?.answer.content?.[type])
      if (!documented || !media || !/json/.test(response.headers.get('content-type') ?? '')) continue
      const validate = ajv.getSchema(`api:#${pointer(...documented.at, 'content', media, 'schema')}`)!
      if (!validate(response.json())) wrong.push(`${nameOf(item)} ${response.code}: ${ajv.errorsText(validate.errors)}`)
      // Of a file's answer; here it is what is known about the file.
      const headers = Object.keys(documented.answer.headers ?? {}).filter(name => name !== 'Accept-Ranges')
      for (const name of headers)
        if (!response.headers.has(name) && response.code < 400) wrong.push(`${nameOf(item)} answers without ${name}`)
    }
    assert.deepEqual(wrong, [])

    const endless = walk.flatMap(({ steps }) => steps.filter(step => step.endless).map(({ operation }) => operation))
    const asked = new Set(answers.map(({ item }) => nameOf(item)))
    const unasked = Object.entries<Json>(openapi.paths).flatMap(([path, methods]) =>
      Object.entries<Json>(methods)
        .filter(
          ([method, { operationId }]) =>
            !endless.includes(operationId) && !asked.has(`${method.toUpperCase()} ${path}`),
        )
        .map(([method]) => `${method.toUpperCase()} ${path}`),
    )
    assert.deepEqual(unasked, [], 'every operation was asked')
    assert.match(nameOf(answers.at(-1)!.item), /profile/)
    assert.equal(answers.at(-1)!.response.code, 401, 'signing out signs out')
  },
)

test('without a mailbox the collection leaves out what needs one, and the rest runs as it stands', async t => {
  const p = await start(t, await choose(), {
    environment: { ADMIN_EMAIL: admin.email, ADMIN_PASSWORD: admin.password },
  })
  // All of a service that no chapter of the walk names, those that ask a mailbox, and what they stand on.
  const names: string[] = collection.item.map(({ name }: Json) => name)
  const asking = collection.item.filter((chapter: Json) => JSON.stringify(chapter).includes('mailbox'))
  const chapters = [
    ...names.slice(names.indexOf('Sign in'), names.indexOf('Second factors')),
    ...asking.map(({ name }: Json) => name),
    'A battery passport',
    'Sign out',
  ]
  const { answers, failures } = await run({ baseUrl: await p.listen(), ...admin }, chapters)
  assert.deepEqual(failures, [])
  assert.ok(!answers.some(({ item }) => nameOf(item).includes('register')))
  assert.ok(answers.some(({ item }) => nameOf(item) === 'POST /api/passports'))
})
