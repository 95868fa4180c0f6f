import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { setTimeout as moment } from 'node:timers/promises'
import { spoilt, whole } from '../../test/kernel/spoilt.ts'
import { answer, dial, problemIn } from '../../test/kernel/wire.ts'
import { open, person } from './testing.ts'

type Opened = Awaited<ReturnType<typeof open>>

/** A form as it stands on the line, to be sent by somebody who is signed in. */
const formHead = ({ headers }: ReturnType<Opened['as']>, boundary: string, length: number | 'chunked') =>
  [
    'POST /api/documents/upload HTTP/1.1',
    'host: x',
    `authorization: ${headers.authorization}`,
    `content-type: multipart/form-data; boundary=${boundary}`,
    length === 'chunked' ? 'transfer-encoding: chunked' : `content-length: ${length}`,
    '\r\n',
  ].join('\r\n')

test('a form that is refused before its end leaves its connection to the next request', async t => {
  const { as, url, p, keys } = await open(t)
  const ada = as(person())
  const refused = [
    `--X\r\n--X${'y'.repeat(200_000)}`,
    `--X\r\n${'z'.repeat(300_000)}`,
    `--X\r\ncontent-disposition: form-data; name="elsewhere"; filename="a"\r\n\r\n${'y'.repeat(2_000_000)}`,
    `--X\r\ncontent-disposition: form-data; name="title"\r\n\r\n${'y'.repeat(200_000)}\r\n--X--\r\n`,
    'y'.repeat(500_000),
  ]
  const socket = dial(url)
  for (const body of [...refused, ...refused]) {
    socket.write(formHead(ada, 'X', body.length) + body)
    assert.equal(problemIn(await answer(socket)), '400 form_invalid', body.slice(0, 60))
    socket.write(formHead(ada, 'X', whole().length) + whole())
    assert.match((await answer(socket)) ?? 'nothing', /^HTTP\/1.1 201 /, `behind ${body.slice(0, 60)}`)
  }
  socket.destroy()
  assert.equal((await keys()).length, 2 * refused.length)
  await p.settle()
})

test('a boundary that is too long is refused with the reason', async t => {
  const { as, url } = await open(t)
  const socket = dial(url)
  for (const length of [253, 1_000, 5_000]) {
    const boundary = 'b'.repeat(length)
    socket.write(formHead(as(person()), boundary, whole(boundary).length) + whole(boundary))
    const text = await answer(socket)
    assert.equal(problemIn(text), '400 form_invalid')
    assert.match(text!, /boundary of the form is longer/)
  }
  const boundary = 'b'.repeat(252)
  socket.write(formHead(as(person()), boundary, whole(boundary).length) + whole(boundary))
  assert.match((await answer(socket))!, /^HTTP\/1.1 201 /)
  socket.destroy()
})

const fileHead = 'content-disposition: form-data; name="file"; filename="a"'

test('forms that broke readers of forms are answered within a second, wherever they are cut on their way', async t => {
  const { as, url } = await open(t)
  const broken: Record<string, [form: string, answered: RegExp]> = {
    'nothing but the end': ['--X--\r\n', /^400 request_invalid|^400 form_invalid/],
    'less than a boundary': ['--', /^400 form_invalid/],
    'a boundary alone': ['--X', /^400 form_invalid/],
    'no boundary at all': ['nt-disposition: form-data', /^400 form_invalid/],
    'the end before the beginning': [`--X--\r\n${whole()}`, /^400 /],
    'a head without an end': [`--X\r\n${fileHead}`, /^400 form_invalid/],
    'a head with line ends of Unix': [`--X\n${fileHead}\n\nhello\n--X--\n`, /^400 /],
    'a file without an end': [`--X\r\n${fileHead}\r\n\r\nhello`, /^400 form_invalid/],
    'a file that ends in half a boundary': [`--X\r\n${fileHead}\r\n\r\nhello\r\n--`, /^400 form_invalid/],
    'a large file that ends in half a boundary': [
      `--X\r\n${fileHead}\r\n\r\n${'c'.repeat(200_000)}\r\n-`,
      /^400 form_invalid/,
    ],
    'a boundary within a head': [`--X\r\ncontent-disposition: form-data; na--X\r\n\r\nx\r\n--X--`, /^400 /],
    'an end, a boundary and more': [`--X--\r\n--X${'y'.repeat(200_000)}`, /^400 /],
    'a head that never ends': [`--X\r\n${'a: b\r\n'.repeat(30_000)}`, /^400 form_invalid/],
    'a form within the form': [
      `--X\r\ncontent-disposition: form-data; name="file"\r\ncontent-type: multipart/mixed; boundary=Y\r\n\r\n--Y\r\n`,
      /^400 form_invalid/,
    ],
  }
  for (const [what, [text, answered]] of Object.entries(broken)) {
    const form = Buffer.from(text)
    const cuts = [0, 1, 3, Math.floor(form.length / 2), form.length - 1]
    await Promise.all(
      cuts.map(async cut => {
        const socket = dial(url)
        socket.write(formHead(as(person()), 'X', form.length))
        socket.write(form.subarray(0, cut))
        await moment(10)
        socket.write(form.subarray(cut))
        const begun = performance.now()
        const text = await Promise.race([answer(socket), moment(5_000, 'nothing for five seconds')])
        const ms = performance.now() - begun
        socket.destroy()
        assert.match(problemIn(text), answered, `${what}, cut at ${cut}`)
        assert.ok(ms < 1_000, `${what}, cut at ${cut}: ${ms} ms`)
      }),
    )
  }
})

test('every form that is here to its end is answered within a second, however malformed', async t => {
  const { as, url } = await open(t)
  const authors = Array.from({ length: 4 }, () => as(person()))
  const slowest = { ms: 0, form: '' }
  await Promise.all(
    authors.map(async author => {
      for (let round = 0; round < 150; round++) {
        const form = Buffer.from(spoilt(), 'latin1')
        const socket = dial(url)
        const cut = randomInt(form.length + 1)
        socket.write(formHead(author, 'X', form.length))
        socket.write(form.subarray(0, cut))
        if (round % 3 === 0) await moment(2)
        await new Promise(resolve => socket.write(form.subarray(cut), resolve))
        const begun = performance.now()
        const answered = await Promise.race([answer(socket), moment(5_000, 'nothing for five seconds')])
        const ms = performance.now() - begun
        if (ms > slowest.ms) Object.assign(slowest, { ms, form: form.toString('latin1').slice(0, 300) })
        assert.match(
          answered ?? 'cut off',
          /^HTTP\/1.1 (201|400) /,
          JSON.stringify(form.toString('latin1').slice(0, 2_000)),
        )
        socket.destroy()
      }
    }),
  )
  assert.ok(slowest.ms < 2_500, `${slowest.ms} ms for ${slowest.form}`)
})

test('who sends next to nothing is given up, and who is slow but sends is not', async t => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const { as, url, keys } = await open(t)
  const begun = whole().slice(0, -8)
  const silent = [begun, whole().slice(0, 60), '']
  const sockets = silent.map(form => {
    const socket = dial(url)
    socket.write(formHead(as(person()), 'X', 10_000_000) + form)
    return socket
  })
  const slow = dial(url)
  const long = whole('X', 'c'.repeat(100_000))
  slow.write(formHead(as(person()), 'X', long.length) + long.slice(0, 300))
  await moment(200)
  for (let sent = 300; sent < 90_000; sent += 30_000) {
    slow.write(long.slice(sent, sent + 30_000))
    await moment(100)
    for (let look = 0; look < 50; look++) t.mock.timers.tick(400)
  }
  for (const socket of sockets) assert.equal(problemIn(await answer(socket)), '408 request_too_slow')
  slow.write(long.slice(90_300))
  assert.match((await answer(slow))!, /^HTTP\/1.1 201 /)
  for (const socket of [...sockets, slow]) socket.destroy()
  assert.equal((await keys()).length, 1, 'of the others nothing is left')
})

test('one person takes twenty uploads at once at the most, and what ends makes room', async t => {
  const { as, url } = await open(t)
  const [ada, grace] = [as(person()), as(person())]
  const begin = (who: typeof ada) => {
    const socket = dial(url)
    socket.write(formHead(who, 'X', whole().length) + whole().slice(0, 60))
    return socket
  }
  const held = Array.from({ length: 20 }, () => begin(ada))
  await moment(300)
  const refused = await ada.upload('one more')
  assert.deepEqual([refused.status, refused.json.code], [429, 'too_many_uploads'])
  assert.equal(refused.headers.get('retry-after'), '5')
  assert.equal((await grace.upload('of somebody else')).status, 201)
  held[0]!.write(whole().slice(60))
  assert.match((await answer(held[0]!))!, /^HTTP\/1.1 201 /)
  held[1]!.destroy()
  await moment(200)
  assert.equal((await ada.upload('there is room')).status, 201)
  held.forEach(socket => socket.destroy())
})

test('one place takes sixty uploads at once at the most, whoever sends them, and keeps no other place from its own', async t => {
  const { as, url } = await open(t, { environment: { TRUSTED_PROXIES: '127.0.0.1' } })
  const from = (place: string) => ({ 'x-forwarded-for': place })
  const begin = (who: ReturnType<typeof as>, place: string) => {
    const socket = dial(url)
    const head = formHead(who, 'X', whole().length).replace('host: x', `host: x\r\nx-forwarded-for: ${place}`)
    socket.write(head + whole().slice(0, 60))
    return socket
  }
  // A network of IPv6 is one place.
  const held = ['2001:db8:1:2::1', '2001:db8:1:2:ffff::2', '2001:db8:1:2::3'].flatMap(place => {
    const who = as(person())
    return Array.from({ length: 20 }, () => begin(who, place))
  })
  await moment(500)
  const refused = await as(person()).upload('one more', { headers: from('2001:db8:1:2::4') })
  assert.deepEqual([refused.status, refused.json.code], [429, 'too_many_uploads'])
  assert.match(refused.json.detail, /60 from one place/)
  for (const place of ['2001:db8:1:3::1', '203.0.113.7'])
    assert.equal((await as(person()).upload('from elsewhere', { headers: from(place) })).status, 201)
  held[0]!.destroy()
  await moment(200)
  assert.equal((await as(person()).upload('there is room', { headers: from('2001:db8:1:2::4') })).status, 201)
  held.forEach(socket => socket.destroy())
})

test('what is no form is refused with what is taken, and a version without its marks with how it is written', async t => {
  const { as, url } = await open(t)
  const ada = as(person())
  for (const type of ['text/plain', 'application/octet-stream', 'application/json', 'garbage']) {
    const headers = { ...ada.headers, 'content-type': type }
    const refused = await fetch(`${url}/api/documents/upload`, { method: 'POST', headers, body: '{}' })
    const problem = (await refused.json()) as { code: string; detail: string }
    assert.deepEqual([refused.status, problem.code], [415, 'content_type_unsupported'], type)
    assert.match(problem.detail, /multipart\/form-data/, type)
  }
  const { docId } = (await ada.upload('x')).json
  const changed = (tag: string) => ada.change(`/${docId}`, { title: 'Another' }, { 'if-match': tag })
  for (const tag of ['1', '2', "'1'", '"1', 'W/1']) {
    const { status, json } = await changed(tag)
    assert.deepEqual([status, json.code], [412, 'version_stale'], tag)
    assert.match(json.detail, /quotation marks: "1"/, tag)
  }
  assert.doesNotMatch((await changed('"7"')).json.detail, /quotation/)
  assert.equal((await changed('"1"')).status, 200)
})
