import assert from 'node:assert/strict'
import { globSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { test } from 'node:test'
import { platformSettings } from '../kernel/config/config.ts'
import { all, choose } from '../services/all.ts'

const root = dirname(import.meta.dirname)
const read = (file: string): string => readFileSync(join(root, file), 'utf8')
const services = await choose()

interface Source {
  file: string
  text: string
  /** As written. */
  imports: string[]
}

const sourceOf = (file: string): Source => {
  const text = read(file)
  return { file, text, imports: [...text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'([^']+)'/g)].map(match => match[1]!) }
}

/** Where a relative import leads, from the root; others as they are written. */
const targetOf = ({ file }: Source, name: string): string => (name.startsWith('.') ? join(dirname(file), name) : name)

const sources = globSync(
  ['*.ts', '{contracts,imports,kernel,embedded-postgres,law,money,services,shop,tools,test,bench}/**/*.ts'],
  {
    cwd: root,
  },
)
  .sort()
  .map(sourceOf)
const isTest = (source: Source): boolean =>
  /\.test\.ts$|^(test|bench|tools\/engines|tools\/outside)\/|\/testing\.ts$/.test(source.file) ||
  source.imports.some(name => targetOf(source, name) === 'kernel/testing.ts')
const tests = new Set(sources.filter(isTest).map(({ file }) => file))
const product = sources.filter(({ file }) => !tests.has(file))
const inside = (folder: string): Source[] => product.filter(({ file }) => file.startsWith(`${folder}/`))

/** Each import of these files that `allowed` does not know, as `file imports target`. */
const strays = (files: readonly Source[], allowed: (target: string, source: Source) => boolean): string[] =>
  files.flatMap(source =>
    source.imports
      .map(name => targetOf(source, name))
      .filter(target => !allowed(target, source))
      .map(target => `${source.file} imports ${target}`),
  )

const isPackage = (target: string): boolean => !/^#|\.ts$/.test(target)

test('the walls stand where the files are', () => {
  for (const folder of ['contracts', 'imports', 'kernel', 'law', 'money', 'services', 'shop', 'tools'])
    assert.ok(inside(folder).length > 1, folder)
})

test('contracts are leaves: they import how contracts are made, what they share, and typebox', () => {
  assert.deepEqual(
    strays(inside('contracts'), target => ['contracts/define.ts', 'contracts/shared.ts', 'typebox'].includes(target)),
    [],
  )
})

test('the kernel imports contracts and itself, nothing to its right', () => {
  assert.deepEqual(
    strays(
      inside('kernel'),
      target => /^(kernel|contracts|embedded-postgres)\/|^#contracts\//.test(target) || isPackage(target),
    ),
    [],
  )
})

test('law is data and rules: it imports itself and exact numbers, and knows no platform', () => {
  assert.deepEqual(
    strays(inside('law'), target => target.startsWith('law/') || target === 'fraction.js'),
    [],
  )
})

test('money imports contracts, the front door of the kernel and itself, and knows no service', () => {
  assert.deepEqual(
    strays(
      inside('money'),
      target =>
        target === '#kernel' ||
        /^#contracts\/(shared|payments)$/.test(target) ||
        target.startsWith('money/') ||
        isPackage(target),
    ),
    [],
  )
})

test('imports import contracts, the front door of the kernel and themselves, and know no service', () => {
  assert.deepEqual(
    strays(
      inside('imports'),
      target =>
        target === '#kernel' || target === '#contracts/shared' || target.startsWith('imports/') || isPackage(target),
    ),
    [],
  )
})

test('the shop, as its pages look, imports the front door of the kernel, money and itself, and knows no service', () => {
  assert.deepEqual(
    strays(
      inside('shop'),
      target => target === '#kernel' || target.startsWith('#money/') || target.startsWith('shop/') || isPackage(target),
    ),
    [],
  )
})

test('a service imports contracts, imports, money, the shop, the front doors of the kernel and of the law, and its own folder; never another service', () => {
  const within = inside('services').filter(({ file }) => file !== 'services/all.ts')
  assert.deepEqual(
    strays(
      within,
      (target, { file }) =>
        target === '#kernel' ||
        target === '#law' ||
        target.startsWith('#contracts/') ||
        target.startsWith('#money/') ||
        target.startsWith('#imports/') ||
        target.startsWith('#shop/') ||
        target.startsWith(`${file.split('/', 2).join('/')}/`) ||
        isPackage(target),
    ),
    [],
  )
  assert.deepEqual(
    strays(
      [sourceOf('services/all.ts')],
      target => target === '#kernel' || /^services\/\w+\/service\.ts$/.test(target),
    ),
    [],
  )
})

test('the console imports itself and packages of its own; a world of it knows no other world, and nobody imports it', () => {
  const console = globSync('console/{build,src}/**/*.{ts,tsx}', { cwd: root })
    .filter(file => !file.endsWith('.gen.d.ts'))
    .map(file => {
      const text = read(file)
      // Words that people filter by are called `from`, too.
      const imports = [...text.matchAll(/^(?:import|\} from)\b[^'\n]*'([^']+)'|\bimport\('([^']+)'\)/gm)]
      return { file, text, imports: imports.map(([, at, late]) => at ?? late!) }
    })
  assert.ok(console.length > 20)
  const made = /^(api:lists|law:attributes|map:outlines|schema:.*)$|^console\/src\/api\/api\.gen$/
  const { devDependencies } = JSON.parse(read('console/package.json')) as { devDependencies: Record<string, string> }
  const isOwn = (name: string): boolean =>
    name.startsWith('node:') || name.split('/', name.startsWith('@') ? 2 : 1).join('/') in devDependencies
  assert.deepEqual(
    strays(
      console,
      target => /^console\/(build|src)\/.*\.(tsx?|css)$/.test(target) || made.test(target) || isOwn(target),
    ),
    [],
  )
  assert.deepEqual(
    strays(
      console.filter(({ file }) => file.startsWith('console/src/worlds/')),
      (target, { file }) =>
        !target.startsWith('console/src/worlds/') || target.startsWith(`${file.split('/', 4).join('/')}/`),
    ),
    [],
  )
  assert.deepEqual(
    strays(sources, target => !target.startsWith('console/')),
    [],
  )
  // Catalogues are what people read, once in each language.
  const code = console.filter(({ file }) => !/^console\/src\/texts\/(en|de)(-[\w-]+)?\.ts$/.test(file))
  const lines = code.reduce((sum, { text }) => sum + text.split('\n').length - 1, 0)
  assert.ok(lines < 19_200, `${lines} lines`)
})

test('nothing that runs in the product imports a test or what only tests use', () => {
  assert.deepEqual(
    strays(product, target => !tests.has(target)),
    [],
  )
})

test('the front doors of the kernel and of the law are the only barrels', () => {
  const barrels = product.filter(
    ({ file, text }) => basename(file) === 'index.ts' || /^export (type )?(\*|\{[^}]*\}) from /m.test(text),
  )
  assert.deepEqual(
    barrels.map(({ file }) => file),
    ['kernel/index.ts', 'law/index.ts'],
  )
})

test('every service is listed, and its folder, its name and its place under /api are one word', () => {
  const folders = readdirSync(join(root, 'services'), { withFileTypes: true })
    .filter(entry => entry.isDirectory())
    .map(({ name }) => name)
  assert.deepEqual(Object.keys(all).sort(), folders.sort())
  const prefixes = services.flatMap(({ name, prefix = `/api/${name}` }) => prefix)
  assert.deepEqual(prefixes, [...new Set(prefixes)], 'no two services share an address')
  for (const prefix of prefixes) assert.match(prefix, /^\/api(\/[a-z0-9-]+)+$/)
  for (const [index, name] of Object.keys(all).entries()) {
    const service = services[index]!
    assert.equal(service.name, name)
    assert.equal(relative(root, service.folder), join('services', name))
  }
})

test('a service owns every event it publishes, and publishes every event its contract promises', async () => {
  for (const { name, publishes = [] } of services) {
    for (const { owner, topic } of publishes) assert.equal(owner, name, `${topic} is published by ${name}`)
    // Who only passes on what others say promises nothing.
    if (name === 'gateway') continue
    const contract = Object.values(await import(`../contracts/${name}.ts`)) as {
      kind?: string
      owner: string
      topic: string
    }[]
    const promised = contract.filter(entry => entry.kind === 'event' || entry.kind === 'call')
    for (const { owner } of promised) assert.equal(owner, name, `contracts/${name}.ts promises something of ${owner}`)
    const topics = promised.filter(({ kind }) => kind === 'event').map(({ topic }) => topic)
    assert.deepEqual(publishes.map(({ topic }) => topic).sort(), topics.sort(), `what ${name} lists under publishes`)
  }
})

test('no file is named after what it is not about', () => {
  const vague = /(^|\/)(utils?|helpers?|common|types?|constants?|misc)(\.|\/|$)/
  assert.deepEqual(
    sources.map(({ file }) => file).filter(file => vague.test(file)),
    [],
  )
})

test('the README names no setting that there is not', () => {
  const known = [
    ...Object.keys(platformSettings.properties),
    ...services.flatMap(({ settings }) => Object.keys(settings?.properties ?? {})),
  ]
  const rows = [.../^## Settings$([^]*?)^## /m.exec(read('README.md'))![1]!.matchAll(/^\| (`.*?) \|/gm)]
  const named = rows.flatMap(([, cell]) => [...cell!.matchAll(/`([A-Z0-9_]+)`/g)].map(match => match[1]!))
  assert.ok(named.length > 10)
  assert.deepEqual(
    named.filter(name => !known.includes(name)),
    [],
  )
})

test('no text names a path of the machine it was written on', () => {
  const texts = globSync('**/*', {
    cwd: root,
    withFileTypes: true,
    exclude: entry =>
      ['node_modules', '.git', '.data', '.cache', 'dist'].includes(typeof entry === 'string' ? entry : entry.name),
  }).filter(entry => entry.isFile() && /\.(ts|js|json|md|sql|sh|yaml|yml|html|txt)$|^\.[a-z]|^run$/.test(entry.name))
  const names = texts.map(entry => relative(root, join(entry.parentPath, entry.name)))
  assert.ok(names.includes('README.md') && names.includes('kernel/run/run.ts'))
  const foreign = new RegExp(String.raw`(?<![\w.])/(${['work', 'tmp/brief'].join('|')})\b`)
  assert.deepEqual(
    names.flatMap(name => foreign.exec(read(name))?.[0].concat(` in ${name}`) ?? []),
    [],
  )
})
