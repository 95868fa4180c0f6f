import Type, { type Static } from 'typebox'
import { Setting } from '../config/settings.ts'

export const settings = Type.Object({
  REDIS_URL: Type.Optional(
    Setting.secret('Redis or Valkey for counters, cache and presence, as redis://user:password@host:port (memory).'),
  ),
  REDIS_HOST: Type.Optional(Setting.text('The host of Redis, in place of REDIS_URL.')),
  REDIS_PORT: Setting.integer('Its port, beside REDIS_HOST.', { default: 6379, minimum: 1, maximum: 65_535 }),
  REDIS_PREFIX: Setting.text('Stands before every key, where several platforms share a Redis.', {
    default: 'ohmnibus:',
  }),
  RATE_LIMIT_FACTOR: Setting.number('Multiplies every limit by address, account and route.', {
    default: 1,
    minimum: 0.01,
    maximum: 1_000_000,
  }),
})

/** The address of Redis, whichever way it was given. */
export const redisUrlOf = ({ REDIS_URL, REDIS_HOST, REDIS_PORT }: Static<typeof settings>): string | undefined =>
  REDIS_URL ?? (REDIS_HOST && `redis://${REDIS_HOST}:${REDIS_PORT}`)

/** What is wrong with these taken together. */
export function faultsOf(given: Static<typeof settings>): string[] {
  const url = redisUrlOf(given)
  return url && !/^rediss?:$/.test(URL.parse(url)?.protocol ?? '')
    ? ['REDIS_URL: what was given is not an address like redis://user:password@host:6379']
    : []
}
