/**
 * What the client has to be able to do wherever it runs; answers with what it saw. Written for the oldest Node that it
 * is for, and for browsers: nothing but what is handed in, and what both have.
 */
export async function exercise({ connect, newIdempotencyKey, OhmnibusProblem }, { url, key, ada, data, last }) {
  const codeOf = work =>
    work.then(
      () => 'none',
      error => (error instanceof OhmnibusProblem ? `${error.status} ${error.code}` : String(error)),
    )
  const program = connect({ url, as: { key } })
  const person = connect({ url, as: ada })

  const header = { 'Idempotency-Key': newIdempotencyKey() }
  const made = await program.post('/api/passports', { params: { header }, body: { data: data('1') } })
  const again = await program.post('/api/passports', { params: { header }, body: { data: data('1') } })
  await program.post('/api/passports', { body: { data: data('2') } })
  await program.post('/api/passports', { body: { data: data('3') } })
  const listed = []
  for await (const one of program.list('/api/passports', { params: { query: { limit: 2 } } })) listed.push(one.id)

  // Behind the version that is there: `ETag` is read, `If-Match` is sent.
  const path = `/api/auth/profile`
  const tag = (await person.fetch(path)).headers.get('etag')
  const patch = tagged => ({ params: { header: { 'If-Match': tagged } }, body: { name: 'Ada L.' } })
  const changed = await person.patch(path, patch(tag))
  const stale = await codeOf(person.patch(path, patch(tag)))

  const refusals = [
    await codeOf(program.get('/api/auth/profile')),
    await codeOf(connect({ url }).get('/api/auth/profile')),
    await codeOf(program.get('/api/passports/{id}', { params: { path: { id: crypto.randomUUID() } } })),
  ]

  // A stream hears of what is made once it is open, and ends when its reader goes.
  const stop = new AbortController()
  const heard = (async () => {
    for await (const { data: told } of program.notifications({ signal: stop.signal }))
      if (told?.title.includes(last)) return told.title
  })()
  let isHeard = false
  heard.then(() => (isHeard = true))
  for (let number = 0; !isHeard && number < 200; number++) {
    await program.post('/api/passports', { body: { data: data(`${last}-${number}`) } })
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  const title = await heard
  stop.abort()

  await person.signOut()
  return { isOne: made.id === again.id, listed: new Set(listed).size, name: changed.name, stale, refusals, title }
}
