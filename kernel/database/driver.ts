import { registerHooks } from 'node:module'

/**
 * Five faults of postgres.js 3.4.9 that an unsteady network brings out, mended as it is loaded: each ends the process
 * or leaves a connection of the pool silent for good. A version with other text stops the start here, so that nobody
 * believes in what is not there any more.
 */
const faults: Record<string, [from: string, to: string][]> = {
  'connection.js': [
    // A query for a connection that had been lost was written into no socket, out of everybody's reach. Now it fails,
    // and the connection is opened anew for the next one.
    [
      'if (stream)\n      return queryError(q, Errors.generic',
      "if (!socket) {\n      const lost = Errors.connection('CONNECTION_CLOSED', options)\n" +
        '      queueMicrotask(() => [queues.closed, queues.connecting].includes(connection.queue) || onclose(connection, lost))\n      return queryError(q, lost), true\n    }\n' +
        '    if (stream)\n      return queryError(q, Errors.generic',
    ],
    // What was to be written when the connection was lost was kept, together with a timer that never comes: the next
    // one said nothing.
    [
      'clearImmediate(nextWriteTimer)\n    socket.removeListener',
      'clearImmediate(nextWriteTimer)\n    chunk = nextWriteTimer = null\n    socket.removeListener',
    ],
    // The driver's own first query had nobody who heard of its failure.
    ['return fetchArrayTypes()', 'return fetchArrayTypes().catch(() => {})'],
  ],
  'index.js': [
    // Who waited for a connection that could not be opened was told so and kept waiting all the same: the next
    // connection was given to nobody.
    [
      'const query = { reserve: resolve, reject }',
      'const query = {\n          reserve: c => (waiting.delete(query), resolve(c)),\n' +
        '          reject: error => (waiting.delete(query), queries.remove(query), reject(error))\n        }\n        waiting.add(query)',
    ],
    // Who waited for a connection was taken from the queue when one was lost, and had nobody left who remembered.
    ['const queries = Queue()\n', 'const queries = Queue()\n      , waiting = new Set()\n'],
    [
      'queries.length && connect(c, queries.shift())',
      'for (const query of waiting) queries.remove(query), queries.push(query)\n    if (!queries.length) return\n' +
        '    const query = queries.shift()\n    query.reserve && queries.push(query)\n    connect(c, query)',
    ],
  ],
}

const hooks = registerHooks({
  load(url, context, next) {
    const loaded = next(url, context)
    const [, file = ''] = /\/postgres\/src\/(\w+\.js)$/.exec(url) ?? []
    if (!faults[file]) return loaded
    let source = String(loaded.source).replaceAll('\r\n', '\n')
    for (const [from, to] of faults[file]) {
      if (!source.includes(from)) throw new Error(`postgres.js does not hold the text that is to be mended: ${from}`)
      source = source.replace(from, to)
    }
    return { ...loaded, source }
  },
})

const { default: postgres } = await import('postgres')
hooks.deregister()

export default postgres
