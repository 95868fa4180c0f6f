import assert from 'node:assert/strict'
import { test } from 'node:test'
import { choose } from '../../services/all.ts'
import { mailsIn } from './client.ts'
import { everythingHappens } from './everything.ts'

test('whatever a message leads to is a page for people, also for who is not signed in, and none leads to JSON', async t => {
  const p = await everythingHappens(await choose())
  t.after(p.close)
  await p.settle()
  const listed = await p.db('notifications')<{ path: string }[]>`
    select distinct path from notifications where path is not null`
  const mailed = (await mailsIn(p.platform.mailFolder!)).flatMap(
    ({ text }) => text.match(/^https?:\/\/\S+$/gm)?.map(link => new URL(link).pathname) ?? [],
  )
  const paths = new Set([...listed.map(({ path }) => path), ...mailed])
  const kinds = new Set([...paths].map(path => path.replace(/[^/]*\d[^/]*$|[\w-]{30,}$/, '…')))
  assert.ok(kinds.size >= 7, [...kinds].join(' '))
  for (const path of paths) {
    let answer = await p.http.inject({ url: path, headers: { accept: 'text/html' } })
    for (let led = 0; answer.headers.location && led < 3; led++) answer = await p.http.inject(answer.headers.location)
    const { statusCode, headers, body } = answer
    assert.match(String(headers['content-type']), /^text\/html/, `${path}: ${statusCode}`)
    assert.ok([200, 404].includes(statusCode), `${path}: ${statusCode}`)
    assert.match(body, /<a href="|swagger|\/console\/assets\//, `${path} leads on`)
    assert.doesNotMatch(body, /There is nothing at this address/, `${path} is served`)
  }
})
