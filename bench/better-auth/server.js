// better-auth as its guide sets it up: its own server on `node:http`, sessions in PostgreSQL, passwords as it hashes them. Runs where its
// packages are (`install.ts`).
import { createServer } from 'node:http'
import { betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { toNodeHandler } from 'better-auth/node'
import pg from 'pg'

const { host, port, superuser, password, database, settings } = JSON.parse(process.argv[2])
const server = createServer()
await new Promise(listening => server.listen(0, '127.0.0.1', listening))
const url = `http://127.0.0.1:${server.address().port}`
const options = {
  baseURL: url,
  secret: 'no more than a measurement, which needs thirty-two characters',
  database: new pg.Pool({ host, port, user: superuser, password, database, max: 10 }),
  emailAndPassword: { enabled: true },
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  logger: { level: 'error' },
  session: settings.UPDATE_AGE === undefined ? {} : { updateAge: Number(settings.UPDATE_AGE) },
}
const { runMigrations } = await getMigrations(options)
await runMigrations()
server.on('request', toNodeHandler(betterAuth(options)))
process.once('disconnect', () => process.exit(0))
process.send(url)
