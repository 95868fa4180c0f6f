import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { test } from 'node:test'
import { freePort } from '../tools/engines/recipe.ts'
import { kill, launch, serversOf, until } from './fault/product.ts'

/** What is loaded once a setting asks for it, or with the first request that needs it. */
const heavy = [
  '@aws-sdk/client-s3',
  '@aws-sdk/lib-storage',
  '@opentelemetry/exporter-trace-otlp-http',
  '@opentelemetry/resources',
  '@opentelemetry/sdk-trace',
  '@platformatic/kafka',
  '@sendgrid/mail',
  '@zxcvbn-ts/core',
  '@zxcvbn-ts/language-common',
  '@zxcvbn-ts/language-de',
  '@zxcvbn-ts/language-en',
  'file-type',
  'fontkit',
  'ioredis',
  'nodemailer',
  'pdfkit',
  'pino-pretty',
]

/** Writes down of which packages the process loads anything. */
const watcher = (list: string): string => `
  import { appendFileSync } from 'node:fs'
  import { registerHooks } from 'node:module'
  import { isMainThread } from 'node:worker_threads'
  const known = new Set()
  if (isMainThread)
    registerHooks({
      load(url, context, next) {
        const name = /.*node_modules\\/((?:@[^/]+\\/)?[^/]+)\\//.exec(url)?.[1]
        if (name && !known.has(name)) appendFileSync(${JSON.stringify(list)}, name + '\\n')
        known.add(name)
        return next(url, context)
      },
    })`

test(
  'a start without settings loads no client of an engine, and nothing that waits for its first request',
  { skip: process.platform !== 'linux' && 'it finds processes in /proc' },
  async t => {
    const folder = mkdtempSync(join(tmpdir(), 'ohmnibus-light-'))
    const list = join(folder, 'packages')
    const hook = join(folder, 'watcher.mjs')
    writeFileSync(hook, watcher(list))
    const product = launch({
      folder,
      port: await freePort(),
      environment: { NODE_OPTIONS: `--import=${pathToFileURL(hook).href}` },
    })
    t.after(async () => {
      kill([product.pid])
      await product.exit
      kill(serversOf(join(folder, 'data')))
      await until('the end of PostgreSQL', () => serversOf(join(folder, 'data')).length === 0, 10_000)
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    })
    await product.ready()
    await until('the banner', () => product.output().includes('Ctrl-C'), 10_000)
    const loaded = new Set(readFileSync(list, 'utf8').split('\n'))
    assert.ok(loaded.has('fastify'))
    assert.deepEqual(
      heavy.filter(name => loaded.has(name)),
      [],
    )
  },
)
