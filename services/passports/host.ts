import type { Host } from '#kernel'

/** What this service has of the world. */
export type PassportsHost = Host<'passports'>
