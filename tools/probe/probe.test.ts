import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test, type TestContext } from 'node:test'
import { gzipSync } from 'node:zlib'
import { open } from '../../services/passports/testing.ts'
import { first, settingsOf } from '../../test/kernel/secured.ts'
import { linesOf, probe, type Report } from './probe.ts'

/** A vendor of one's own, gone with the test. */
async function vendor(t: TestContext, listener: RequestListener): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    response.on('error', () => {})
    listener(request, response)
  })
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  t.after(() => (server.closeAllConnections(), server.close()))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}

const not = ({ findings }: Report, topic?: string): string[] =>
  findings.filter(one => one.verdict === 'no' && (!topic || one.topic === topic)).map(({ question }) => question)

const code = '/01/09506000134352/21/V1'

suite('probe', () => {
  test('our own passport answers all of it well, but for what a machine without a certificate lacks, and its gaps are named', async t => {
    const { p, as } = await open(t)
    const ada = as()
    const { id } = await ada.make({
      attributes: {
        uniqueBatteryIdentifier: { value: `https://id.example.com${code}` },
        batteryModelIdentifier: { value: 'M1' },
        batteryCategory: { value: 'EV' },
        batteryMass: { value: '478', unit: 'kg' },
        testReportResults: { value: ['https://example.com/report.pdf'] },
        stateOfCertifiedEnergy: { value: '97', unit: '%' },
        dueDiligenceReport: { value: { title: 'Report', url: 'https://example.com/due.pdf' } },
      },
    })
    await ada.post(`/${id}/publish`)
    const report = await probe(`${await p.listen()}${code}`, { local: true, now: new Date('2026-12-01T00:00:00Z') })
    assert.deepEqual(not(report), [
      'The code leads to an encrypted address',
      'It tells everybody what is mandatory for its category',
    ])
    assert.equal(report.category, 'EV')
    assert.deepEqual(report.leaks, [])
    const lacking = report.lacking.map(({ dataPoint }) => dataPoint)
    assert.ok(
      [42, 26, 43].every(point => lacking.includes(point)),
      String(lacking),
    )
    assert.ok(
      ![1, 6, 10, 50, 61].some(point => lacking.includes(point)),
      'what is there, and what is not for everybody',
    )
    assert.ok(report.findings.filter(({ topic, verdict }) => topic === 'by date' && verdict === 'yes').length === 4)
    assert.ok(linesOf(report).some(line => /lacks 42, .*Art\. 18|Annex XIII/.test(line)))
  })

  test('a vendor who tells everybody what the law keeps is found out, wherever it stands', async t => {
    const dppId = 'urn:uuid:018f4e7a-0000-7000-8000-000000000001'
    const told = {
      digitalProductPassportId: dppId,
      uniqueProductIdentifier: 'X-1',
      identity: { batteryCategory: 'EV', batteryStatus: 'original' },
      nested: [{ elements: [{ elementId: 'testReportResults', value: ['https://example.com/r'] }] }],
      carbon: { carbonFootprintPerFunctionalUnit: 61 },
    }
    const { url } = await vendor(t, (request, response) => {
      const json = (status: number, body: unknown) =>
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
      if (request.url!.startsWith('/v1/dpps/') && request.url!.includes('elements')) return json(200, 'original')
      if (request.url!.includes('00000000-0000-4000'))
        return json(500, { stack: 'Error\n    at run (/srv/app.js:12:3)' })
      if (request.url!.startsWith('/v1/')) return json(200, told)
      if (request.headers.accept?.includes('json')) return json(200, told)
      response
        .writeHead(200, { 'content-type': 'text/html', 'set-cookie': 'id=1' })
        .end('<html lang="en"><script src="https://tracker.example/x.js"></script></html>')
    })
    const report = await probe(`${url}${code}`, { local: true })
    assert.deepEqual(
      report.leaks.map(({ attribute, point }) => [attribute, point]).sort(),
      [
        ['batteryStatus', 4],
        ['carbonFootprintPerFunctionalUnit', 1],
        ['testReportResults', 3],
      ],
      'what is not to be filled yet too',
    )
    assert.deepEqual(not(report, 'leaks'), [
      'A refusal tells nothing of the inside',
      'Elements that the law keeps are closed, filled or not',
      'Nothing is told to everybody that the law keeps',
    ])
    for (const question of [
      'It sets no cookie',
      'It can be read without script',
      'Nothing of it comes from elsewhere',
      'It is in the language that was asked for',
      'It says whether it has changed',
    ])
      assert.ok(not(report, 'page').includes(question), question)
    assert.ok(not(report, 'by date').includes('Before there was one there is none'))
    assert.ok(not(report, 'reads').includes('What is not there is not there'))
  })

  test('nobody is led into the own network: neither by an address, nor by a redirect, nor by another port of it', async t => {
    const inside = await vendor(t, (_, response) => response.end('secret'))
    const outside = await vendor(t, (request, response) => {
      const to = { '/a': `${inside.url}/`, '/b': 'http://127.0.0.2:9/', '/c': 'file:///etc/passwd' }[request.url!]
      response.writeHead(302, { location: to ?? 'http://[::1]:1/' }).end()
    })
    const direct = await probe(`${inside.url}/`)
    assert.match(direct.findings.find(({ question }) => question === 'The code opens a page')!.detail!, /not allowed/)
    for (const path of ['/a', '/b', '/c', '/d']) {
      const report = await probe(outside.url + path, { local: true, patienceMs: 5_000 })
      const { verdict, detail } = report.findings.find(({ question }) => question === 'The code opens a page')!
      assert.equal(verdict, 'no')
      assert.match(detail!, /not allowed|is not asked/)
    }
    assert.deepEqual(inside.asked, [], 'what stands beside us heard nothing')
  })

  test('endless, packed, slow, deep and broken answers end in a report', async t => {
    const bomb = gzipSync(Buffer.alloc(50 * 1024 * 1024))
    const deep = '['.repeat(500_000) + ']'.repeat(500_000)
    const { url } = await vendor(t, (request, response) => {
      if (request.url === '/endless') {
        response.writeHead(200, { 'content-type': 'text/html' })
        const pour = (): void => {
          while (!response.destroyed && response.write('x'.repeat(65_536)));
        }
        response.on('drain', pour)
        return pour()
      }
      if (request.url === '/bomb')
        return void response.writeHead(200, { 'content-type': 'text/html', 'content-encoding': 'gzip' }).end(bomb)
      if (request.url === '/loop') return void response.writeHead(302, { location: '/loop' }).end()
      if (request.url === '/broken') return void request.socket.end('HTTP/1.1 2000 what\r\nx: \u0000\r\n\r\n')
      if (request.url === '/heads')
        return void request.socket.end(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(100_000)}\r\n\r\n`)
      if (request.url === '/hangs') return
      response.writeHead(200, { 'content-type': 'application/json' }).end(deep)
    })
    const opened = async (path: string, patienceMs = 20_000): Promise<string> => {
      const report = await probe(url + path, { local: true, patienceMs })
      return report.findings.find(({ question }) => question === 'The code opens a page')?.detail ?? ''
    }
    assert.match(await opened('/endless'), /longer than/)
    assert.match(await opened('/bomb'), /unpacks to more/)
    assert.match(await opened('/loop'), /redirects more than 5 times/)
    assert.match(await opened('/hangs', 500), /takes too long/)
    for (const path of ['/broken', '/heads']) assert.ok(await opened(path))
    const report = await probe(`${url}/deep`, { local: true })
    assert.ok(report.requests < 120 && report.findings.length > 5)
    assert.deepEqual(report.leaks, [])
  })

  test('TLS and HTTP/2 are told, and a certificate that nobody believes', async t => {
    const { p } = await open(t, { environment: settingsOf(first) })
    const report = await probe(`${await p.listen()}${code}`, { local: true })
    assert.match(report.findings.find(({ topic }) => topic === 'page')!.detail!, /self.signed/i)
    const spoken = new Map(report.findings.map(({ question, verdict }) => [question, verdict]))
    assert.equal(spoken.get('HTTP/2 is spoken'), 'yes')
    assert.equal(spoken.get('TLS 1.2 or newer is spoken'), 'yes')
    assert.equal(spoken.get('Its certificate is believed'), 'no')
    const hidden = await probe(`https://127.0.0.1:1${code}`)
    assert.match(hidden.findings.find(({ question }) => question === 'TLS can be spoken')!.detail!, /not allowed/)
  })

  test('the command writes a report, and ends with 1 where something is not well', async t => {
    const { url } = await vendor(t, (_, response) =>
      response.writeHead(404, { 'content-type': 'text/html' }).end('gone'),
    )
    const folder = mkdtempSync(join(tmpdir(), 'ohmnibus-probe-'))
    t.after(() => rmSync(folder, { recursive: true, force: true }))
    const file = join(folder, 'report.json')
    const command = join(import.meta.dirname, '..', 'ohmnibus.js')
    const run = (...args: string[]) =>
      new Promise<{ code: number; stdout: string; stderr: string }>(resolve =>
        execFile(process.execPath, [command, ...args], (error, stdout, stderr) =>
          resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
        ),
      )
    const { code: ended, stdout } = await run('probe', `${url}${code}`, '--local', '--report', file)
    assert.equal(ended, 1)
    assert.match(stdout, /NO {3}page: The code opens a page \(404\)/)
    assert.equal(JSON.parse(readFileSync(file, 'utf8')).findings.length > 3, true)
    const refused = await run('probe', 'not an address')
    assert.deepEqual([refused.code, /Which passport/.test(refused.stderr)], [1, true])
  })
})
