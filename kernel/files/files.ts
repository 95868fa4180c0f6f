import type { Readable } from 'node:stream'
import { Problem } from '../problem.ts'

/** What a file is, told by its bytes alone. */
export interface Content {
  readonly sizeBytes: number
  /** In hexadecimal. */
  readonly sha256: string
}

/** What a link says beside where it leads. */
export interface LinkOptions {
  readonly fileName: string
  readonly contentType: string
  readonly expiresAt: Date
  /** Whoever follows the link gets that or an error. */
  readonly content?: Content
}

/**
 * Where files lie: a folder here, S3 at scale. Keys are `<service>/<id>/<id>`; a key is written once and never changed.
 * Where storage is away, everything fails with `files_unavailable`.
 */
export interface Files {
  /**
   * Streams to durable storage; there is a whole file or none. Fails with `file_too_large` (413) beyond `maxBytes`,
   * `file_exists`, `file_storage_full`.
   */
  write(key: string, content: Readable, limit: { maxBytes: number }): Promise<Content>
  /**
   * Bytes `start` to `end` inclusive; undefined when there is no such file. One that is not `content` any more fails
   * with `file_damaged`: at once by its size, and when read whole by its hash, before the last bytes are out.
   */
  read(key: string, range?: Range, content?: Content): Promise<Readable | undefined>
  /** Size in bytes; undefined when there is no such file. */
  size(key: string): Promise<number | undefined>
  /** Fine when it is gone already. */
  remove(key: string): Promise<void>
  /** All keys below `prefix` (`<service>/`), with when they were written; in no order. */
  list(prefix: string): AsyncIterable<{ key: string; writtenAt: Date }>
  /** An address that gives the file to whoever holds it, until `expiresAt`. */
  link(key: string, as: LinkOptions): Promise<string>
  /** Has whoever follows a link to a file of the service judged first; `judge` fails with a code of `refuses`. */
  guard(service: string, refuses: readonly string[], judge: (key: string) => Promise<void>): void
  /** Fails when it cannot be written to. */
  check(): Promise<void>
}

/** Where the bytes are, without links to them. */
export interface FileStore extends Omit<Files, 'link' | 'guard'> {
  close(): Promise<void>
}

/** First and last byte. */
export interface Range {
  readonly start: number
  readonly end: number
}

/** Service, id and id of a key; fails for what is none. */
export function partsOf(key: string): [service: string, id: string, rest: string] {
  const [, service, id, rest] = /^([a-z]+)\/([\w-]{2,64})\/([\w-]{1,64})$/.exec(key) ?? []
  if (!service) throw new Error(`${key} is no key of a file`)
  return [service, id!, rest!]
}

export const fileExists = (key: string): Problem =>
  new Problem('conflict', 'file_exists', { detail: 'There is a file of this key.', key })

export const storageFull = (): Problem =>
  new Problem('unavailable', 'file_storage_full', { detail: 'There is no room for the file.' })
