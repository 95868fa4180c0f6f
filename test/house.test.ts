import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { circlesOf, isTest, roomOf, survey } from '../tools/house.ts'

/** The bounds of the house; `npm run house` prints where it stands. */
const sources = survey()
const product = sources.filter(source => !isTest(source))

test('no file imports itself on any way round, types included', () => {
  assert.deepEqual(circlesOf(sources), [])
})

test('nothing stands flat in the kernel but its front door and what every room needs', () => {
  assert.deepEqual(
    product.map(({ file }) => file).filter(file => roomOf(file) === 'kernel'),
    ['ids', 'index', 'problem', 'service', 'version', 'waiting'].map(name => `kernel/${name}.ts`),
  )
})

test('the map of who works on it has every folder, and every room of the kernel', () => {
  const map = readFileSync(new URL('../CONTRIBUTING.md', import.meta.url), 'utf8')
  const folders = new Set(sources.map(({ file }) => file.split('/')[0]!).filter(name => !name.endsWith('.ts')))
  const rooms = new Set(sources.map(({ file }) => roomOf(file)).filter(room => room.startsWith('kernel/')))
  const missing = [...folders, ...[...rooms].map(room => room.slice('kernel/'.length))].filter(
    name => !map.includes(`\`${name}/`),
  )
  assert.deepEqual(missing, [])
})

/**
 * What rooms have for each other beside their door, `<room>/<room>.ts`: each is a need of its own, and none tells how the
 * room does its work. A room without a file of its name has these alone.
 */
const doors: Record<string, string[]> = {
  access: ['ownership'],
  calls: ['peers'],
  config: ['settings', 'secrets'],
  events: ['transport', 'log-tail'],
  http: ['downloads', 'pagination', 'problems', 'strict-json'],
  jobs: ['job'],
  mail: ['addresses'],
  telemetry: ['context', 'log', 'metrics', 'outage', 'tracing'],
}

/** What opens a part of a room: for who puts the platform together, and for the tools that look into it. */
const within: Record<string, string[]> = {
  access: ['tokens'],
  config: ['shown', 'spelling'],
  database: ['disk-full', 'faults', 'migrate', 'placement', 'pool'],
  events: ['lag', 'log-transport', 'retention'],
  files: ['links'],
  http: ['examples', 'openapi', 'reference', 'routes'],
  jobs: ['schedule'],
  kafka: ['client', 'relay'],
  pages: ['notice'],
  run: ['rejections'],
}

test('a room of the kernel has one door, and what else others come by is listed', () => {
  const allowed = (from: string, file: string): boolean => {
    const [, room, name] = file.slice(0, -3).split('/') as [string, string, string]
    if (name === room || doors[room]?.includes(name) || from === 'kernel/index.ts') return true
    // The configuration is composed of what each room declares, and transactions are opened for services and the log.
    if (name === 'settings' && from === 'kernel/config/config.ts') return true
    if (file === 'kernel/database/open.ts' && from === 'kernel/events/events.ts') return true
    const opens = name === 'open' || within[room]?.includes(name)
    return Boolean(opens) && /^(kernel\/run\/|tools\/|[a-z]+\.ts$)/.test(from)
  }
  const crossings = product.flatMap(({ file: from, imports }) =>
    imports.flatMap(({ file }) =>
      file && /^kernel\/\w+\//.test(file) && roomOf(file) !== roomOf(from) ? [{ from, file }] : [],
    ),
  )
  assert.deepEqual(
    crossings.filter(({ from, file }) => !allowed(from, file)).map(({ from, file }) => `${from} imports ${file}`),
    [],
  )
  const used = new Set(crossings.map(({ file }) => file))
  for (const [room, names] of [...Object.entries(doors), ...Object.entries(within)])
    for (const name of names)
      assert.ok(used.has(`kernel/${room}/${name}.ts`), `nobody comes by kernel/${room}/${name}.ts`)
})

test('the kernel grows no further without a decision', () => {
  const lines = product.filter(({ file }) => file.startsWith('kernel/')).reduce((sum, file) => sum + file.lines, 0)
  assert.ok(lines < 13_350, `${lines} lines`)
})

test('no function is longer than 90 lines, the routes that it lists aside', () => {
  const long = product.flatMap(({ functions }) => functions).filter(({ lines }) => lines > 90)
  assert.deepEqual(
    long.map(({ file, line, name, lines }) => `${name} (${file}:${line}) has ${lines}`),
    [],
  )
})

test('what a service is stands on a page: service.ts has less than 80 lines', () => {
  const long = product.filter(({ file, lines }) => /^services\/\w+\/service\.ts$/.test(file) && lines >= 80)
  assert.deepEqual(
    long.map(({ file, lines }) => `${file} has ${lines}`),
    [],
  )
})

test('a file of more than 500 lines, in the kernel of more than 400, says why in its first comment', () => {
  const long = product.filter(({ file, text, lines }) => {
    const [beginning] = /^(\/\/.*\n|\/\*[^]*?\*\/)+/.exec(text) ?? ['']
    return lines > (file.startsWith('kernel/') ? 400 : 500) && !/\blines\b/.test(beginning)
  })
  assert.deepEqual(
    long.map(({ file }) => file),
    [],
  )
})
