import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { platformSettings } from '../kernel/config/config.ts'
import { openapi } from '../kernel/http/openapi.ts'
import { startPostgres } from '../embedded-postgres/postgres.ts'
import { open } from '../kernel/testing.ts'
import { choose } from '../services/all.ts'
import { asyncapi } from './docs/asyncapi.ts'
import { baselineGuide } from './docs/baseline.ts'
import { eventsOf } from './docs/contracts.ts'
import { deployParts, isPassedOn, withParts } from './docs/deploy.ts'
import { eventsPage } from './docs/events.ts'
import { broken, freeze, type Frozen } from './docs/frozen.ts'
import { lawGuide } from './docs/law.ts'
import { postman, sample } from './docs/postman.ts'
import { problemsPage } from './docs/problems.ts'
import { readersOf } from './docs/readers.ts'
import { schemaOf } from './docs/schema.ts'
import { settingsPage } from './docs/settings.ts'
import { photo } from './docs/steps.ts'

/**
 * `npm run docs` writes the documents that are made from the code; `--check` only names those that are stale and ends
 * with 1.
 */
const root = dirname(import.meta.dirname)
const read = (file: string): Promise<string | undefined> => readFile(join(root, file), 'utf8').catch(() => undefined)
const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

/** Every generated file with its content, by its path from the root. */
async function make(): Promise<Map<string, string>> {
  const files = new Map<string, string>()
  const { version } = JSON.parse((await read('package.json'))!) as { version: string }
  const services = await choose()
  const names = services.map(({ name }) => name)

  const events = (await Promise.all(names.map(eventsOf))).flat()
  for (const { event } of events) {
    const file = `contracts/frozen/${event.topic}.json`
    const published = await read(file)
    const faults = published ? broken(JSON.parse(published) as Frozen, freeze(event)) : []
    if (faults.length > 0)
      throw new Error(`${event.topic} is published and may only gain optional fields: ${faults.join('; ')}`)
    files.set(file, json(freeze(event)))
  }

  const declared = [
    { of: 'The platform', schemas: [platformSettings] },
    ...services.map(({ name, settings = [] }) => ({ of: name, schemas: [settings].flat() })),
  ]
  const settings = declared.flatMap(({ schemas }) => schemas.flatMap(({ properties }) => Object.keys(properties)))
  files.set('docs/settings.md', settingsPage(declared))
  const parts = deployParts(services, settings.filter(isPassedOn))
  for (const [file, own] of Object.entries(parts)) files.set(file, withParts(file, (await read(file))!, own))

  files.set('docs/guides/law.md', lawGuide())
  files.set('docs/guides/baseline.md', baselineGuide())
  files.set('deploy/helm/ohmnibus/files/alerts.yaml', (await read('deploy/observability/alerts.yaml'))!)

  const folder = await mkdtemp(join(tmpdir(), 'ohmnibus-docs-'))
  const cluster = await startPostgres({ folder, durable: false })
  try {
    const platform = await open(services, { cluster })
    try {
      // A subscription is known once it has looked for events.
      await platform.settle()
      const readers = await readersOf(platform.db('kernel'))
      files.set('docs/api/asyncapi.json', json(asyncapi(events, readers, version)))
      files.set('docs/events.md', eventsPage(events, readers))
      const document = { ...openapi(platform.http.app), servers: [{ url: 'http://localhost:8080' }] }
      files.set('docs/api/openapi.json', json(document))
      files.set('docs/api/ohmnibus.postman_collection.json', json(postman(JSON.parse(json(document)))))
      files.set(`docs/api/${sample.name}`, sample.content)
      files.set('docs/api/problems.md', problemsPage(platform.http.app.problems, platform.http.app.documented))
      for (const name of ['kernel', ...names])
        files.set(`docs/schema/${name}.sql`, await schemaOf(platform.db(name), name))
    } finally {
      await platform.close()
    }
  } finally {
    await cluster.stop()
    await rm(folder, { recursive: true, force: true })
  }
  return files
}

/** Generated files of something that is there no more. Frozen events stay: what was published was published. */
async function leftOver(files: ReadonlyMap<string, string>): Promise<string[]> {
  const there = await Promise.all(
    ['docs/api', 'docs/schema'].map(async folder =>
      (await readdir(join(root, folder)).catch(() => [])).map(name => `${folder}/${name}`),
    ),
  )
  return there.flat().filter(file => !files.has(file) && file !== `docs/api/${photo}`)
}

try {
  const files = await make()
  const stale = (
    await Promise.all([...files].map(async ([file, text]) => ((await read(file)) === text ? [] : [file])))
  ).flat()
  const surplus = await leftOver(files)
  if (process.argv.includes('--check')) {
    for (const file of [...stale, ...surplus].sort()) console.error(`${file} is stale: run "npm run docs".`)
    process.exitCode = stale.length + surplus.length > 0 ? 1 : 0
  } else {
    for (const file of stale) {
      await mkdir(dirname(join(root, file)), { recursive: true })
      await writeFile(join(root, file), files.get(file)!)
      console.log(`wrote ${file}`)
    }
    for (const file of surplus) {
      await rm(join(root, file))
      console.log(`removed ${file}`)
    }
    if (stale.length + surplus.length === 0) console.log('All documents are up to date.')
  }
} catch (error) {
  for (let cause = error as Error | undefined; cause; cause = cause.cause as Error | undefined)
    console.error(cause.message)
  // What a service that did not start has begun goes on, and would keep the process.
  process.exit(1)
}
