import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { cpSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { connect } from 'node:tls'
import { openAccess } from '../../kernel/access/tokens.ts'
import { openHttp } from '../../kernel/http/open.ts'
import { openLog } from '../../kernel/telemetry/log.ts'
import { openMetrics } from '../../kernel/telemetry/metrics.ts'
import { start } from '../../kernel/testing.ts'
import { until } from '../fault/product.ts'
import { ask, ca, echo, first, folder, second, session, settingsOf } from './secured.ts'
import { listening } from './toys.ts'

const serialOf = async (base: string): Promise<string> => {
  const { port } = new URL(base)
  const socket = connect({ host: '127.0.0.1', port: Number(port), ca })
  await once(socket, 'secureConnect')
  const { serialNumber } = socket.getPeerCertificate()
  socket.destroy()
  return serialNumber
}
const serialIn = (file: string): string => new X509Certificate(readFileSync(file)).serialNumber

test('a certificate is taken when its files are written again, and a broken one is not', async t => {
  const [cert, key] = [join(folder, 'tls.crt'), join(folder, 'tls.key')]
  const write = (from: typeof first) => {
    cpSync(from.cert, cert)
    cpSync(from.key, key)
  }
  write(first)
  const { lines, log } = listening()
  const p = await start(t, [await echo(t)], { environment: { TLS_CERT_FILE: cert, TLS_KEY_FILE: key }, log })
  const base = await p.listen()
  const expiry = async () =>
    Number(
      /^ohmnibus_tls_certificate_expiry_timestamp_seconds (\S+)$/m.exec((await p.http.inject('/metrics')).body)![1],
    )
  const endOf = (file: string) => new X509Certificate(readFileSync(file)).validToDate.getTime() / 1000
  assert.deepEqual([await serialOf(base), await expiry()], [serialIn(first.cert), endOf(first.cert)])
  const client = session(t, base)
  await ask(client, { ':path': '/api/echo' })

  write(second)
  await until('the new certificate', async () => (await serialOf(base)) === serialIn(second.cert), 5_000)
  assert.equal(await expiry(), endOf(second.cert))
  assert.equal((await ask(client, { ':path': '/api/echo' })).status, 200, 'open connections go on')
  assert.ok(lines.some(({ msg }) => /took a new certificate/.test(msg)))

  for (const [broken, reason] of [
    ['not a certificate', /no certificate in PEM/],
    [readFileSync(first.cert, 'utf8'), /not the key of the first certificate/],
  ] as const) {
    writeFileSync(cert, broken)
    await until(
      'a warning',
      () => lines.some(({ msg, cause = '' }) => /the one before stays/.test(msg) && reason.test(cause)),
      5_000,
    )
    assert.deepEqual([await serialOf(base), await expiry()], [serialIn(second.cert), endOf(second.cert)])
  }
  write(first)
  await until('the repaired certificate', async () => (await serialOf(base)) === serialIn(first.cert), 5_000)
})

test('a certificate is taken when a link is put in the place of another, as Kubernetes does, or far behind it', async t => {
  const at = join(folder, 'mounted')
  const link = (name: string, to: string) => {
    symlinkSync(to, join(folder, 'next'))
    renameSync(join(folder, 'next'), join(folder, name))
  }
  for (const [name, from] of [
    ['..one', first],
    ['..two', second],
  ] as const) {
    mkdirSync(join(at, name), { recursive: true })
    cpSync(from.cert, join(at, name, 'tls.crt'))
    cpSync(from.key, join(at, name, 'tls.key'))
  }
  link('mounted/..data', '..one')
  for (const name of ['tls.crt', 'tls.key']) symlinkSync(join('..data', name), join(at, name))
  link('there', 'mounted/..one')
  for (const [mount, swap] of [
    ['mounted', () => link('mounted/..data', '..two')],
    ['there', () => link('there', 'mounted/..two')],
  ] as const) {
    const app = await openHttp({
      access: openAccess({ now: () => new Date() }),
      log: openLog({ level: 'silent' }),
      metrics: openMetrics(),
      corsOrigins: [],
      publicUrl: 'https://localhost',
      tls: { cert: join(folder, mount, 'tls.crt'), key: join(folder, mount, 'tls.key') },
      lookEvery: 100,
    })
    t.after(() => app.close())
    const base = await app.listen({ port: 0, host: '127.0.0.1' })
    assert.equal(await serialOf(base), serialIn(first.cert))
    swap()
    await until('the new certificate', async () => (await serialOf(base)) === serialIn(second.cert), 5_000)
  }
})

test('a certificate that cannot be used stops the start, and says why', async t => {
  const written = (name: string, text: string) => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  const encrypted = join(folder, 'encrypted.key')
  execFileSync('openssl', ['pkcs8', '-topk8', '-in', first.key, '-out', encrypted, '-passout', 'pass:secret'], {
    stdio: 'ignore',
  })
  const cases: [files: { cert: string; key: string }, reason: RegExp, now?: Date][] = [
    [{ ...first, cert: '/nowhere/tls.crt' }, /\/nowhere\/tls\.crt: there is no such file\.$/],
    [{ ...first, key: '/nowhere/tls.key' }, /\/nowhere\/tls\.key: there is no such file\.$/],
    [{ ...first, key: folder }, /it is a folder\.$/],
    [{ ...first, cert: written('empty', '') }, /empty is no certificate in PEM/],
    [
      { ...first, key: written('garbage', '-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----\n') },
      /garbage is no private key in PEM/,
    ],
    [{ ...first, key: encrypted }, /encrypted\.key asks for a passphrase; give the key without one\.$/],
    [{ cert: first.cert, key: second.key }, /second\.key is not the key of the first certificate in .*first\.crt\.$/],
    [first, /first\.crt expired at 20/, new Date(Date.now() + 100 * 86_400_000)],
    [first, /first\.crt is valid only from 20.*look at the clock/, new Date('2020-01-01')],
  ]
  for (const [files, message, at] of cases)
    await assert.rejects(start(t, [await echo(t)], { environment: settingsOf(files), now: () => at ?? new Date() }), {
      name: 'StartError',
      message,
    })
})

test('a certificate that ends within two weeks is told of at the start', async t => {
  for (const [days, told] of [
    [77, 1],
    [75, 0],
  ] as const) {
    const { lines, log } = listening()
    await start(t, [await echo(t)], {
      environment: settingsOf(first),
      log,
      now: () => new Date(Date.now() + days * 86_400_000),
    })
    assert.equal(lines.filter(({ msg }) => /expires soon/.test(msg)).length, told, `${days}`)
  }
})
