import type { Readable } from 'node:stream'

/** Where files lie: a folder here, S3 at scale. Keys are `<service>/<anything safe>`; a key is written once and never changed. */
export interface Files {
  /** Streams to durable storage; there is a whole file or none. Fails with `file_too_large` (413) beyond `maxBytes`. */
  write(key: string, content: Readable, limit: { maxBytes: number }): Promise<{ sizeBytes: number; sha256: string }>
  /** Bytes `start` to `end` inclusive; undefined when there is no such file. */
  read(key: string, range?: { start: number; end: number }): Promise<Readable | undefined>
  /** Size in bytes; undefined when there is no such file. */
  size(key: string): Promise<number | undefined>
  /** Fine when it is gone already. */
  remove(key: string): Promise<void>
  /** All keys below `prefix`, in order, with when they were written. */
  list(prefix: string): AsyncIterable<{ key: string; writtenAt: Date }>
  /** An address that gives the file to whoever holds it, until `expiresAt`. */
  link(key: string, as: { fileName: string; contentType: string; expiresAt: Date }): Promise<string>
  /** Fails when it cannot be written to. */
  check(): Promise<void>
}
