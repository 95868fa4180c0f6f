import postgres from 'postgres'
import { stringify } from '../http/strict-json.ts'
import { StartError } from '../problem.ts'
import type { DatabaseAddress, Pool } from './database.ts'

/** Limits of one statement or transaction, so that nobody waits for ever. Milliseconds. */
const timeouts = {
  statement_timeout: 15_000,
  lock_timeout: 5_000,
  idle_in_transaction_session_timeout: 30_000,
  transaction_timeout: 60_000,
}

/** A lazy pool that logs in as `role` and sees the schema of that name first. */
export function openPool(
  at: DatabaseAddress,
  role: string,
  options: { schema?: string; max?: number; readOnly?: boolean; limits?: boolean } = {},
): Pool {
  // patches/ mends faults of the driver that an unsteady network brings out: they end the process, or silence a
  // connection for good.
  if (!('mended' in postgres))
    throw new StartError('The package postgres lacks our patch. Run "npm ci" with install scripts allowed.')
  return postgres({
    host: at.host,
    port: at.port,
    database: at.database,
    user: role,
    password: at.password?.(role),
    ssl: at.ssl ?? false,
    max: options.max ?? 8,
    idle_timeout: 60,
    connect_timeout: at.patience ?? 10,
    max_lifetime: null,
    // Seconds. The driver's own grows with every connection that ever broke, and soon takes twenty.
    backoff: () => 0.2,
    onnotice: () => {},
    onclose: () => {},
    // A passport leaves as it came.
    types: { bigint: postgres.BigInt, json: { to: 114, from: [114, 3802], serialize: stringify, parse: JSON.parse } },
    connection: {
      application_name: `ohmnibus ${role}`,
      search_path: `${options.schema ?? role}, extensions`,
      TimeZone: 'UTC',
      ...(options.limits !== false && timeouts),
      ...(options.readOnly && { default_transaction_read_only: true }),
    },
  })
}

/** The same address for the `pg` driver of the job engine. */
export function connectionString(at: DatabaseAddress, role: string): string {
  const password = at.password?.(role)
  const login = `${encodeURIComponent(role)}${password ? `:${encodeURIComponent(password)}` : ''}`
  if (at.host.startsWith('/'))
    return `postgres://${login}@localhost/${at.database}?host=${encodeURIComponent(at.host)}&port=${at.port}`
  const encryption = at.ssl ? `?uselibpqcompat=true&sslmode=${at.ssl}` : ''
  return `postgres://${login}@${at.host}:${at.port}/${at.database}${encryption}`
}
