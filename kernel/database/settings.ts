import Type from 'typebox'
import { Setting } from '../config/settings.ts'

export const settings = Type.Object({
  DATABASE_URL: Type.Optional(
    Setting.secret('PostgreSQL of the platform, as postgres://user:password@host:port/database (embedded).'),
  ),
})

/** What is wrong with the address of a database, given as this setting. */
export const addressFaults = (name: string, address: string): string[] =>
  /^postgres(ql)?:\/\/[^/]/.test(URL.parse(address)?.href ?? '')
    ? []
    : [`${name}: what was given is not an address like postgres://user:password@host:port/database`]
