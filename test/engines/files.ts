import { randomBytes } from 'node:crypto'
import { Readable, Writable } from 'node:stream'
import type { TestContext } from 'node:test'
import { ListMultipartUploadsCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import type { FileStore } from '../../kernel/files/files.ts'
import { newId } from '../../kernel/ids.ts'
import { openLog } from '../../kernel/telemetry/log.ts'
import { openMetrics } from '../../kernel/telemetry/metrics.ts'
import { s3Files } from '../../kernel/files/s3.ts'
import { engine } from './engine.ts'

export const limit = { maxBytes: 1_000_000 }
export const newKey = (): string => `documents/${newId()}/${newId()}`
export const signing = { secret: randomBytes(32), publicUrl: 'http://localhost' }

/** Files, and how to do something to one of them behind our back. */
export interface Opened {
  files: FileStore
  /** Keys of files that were found damaged. */
  damaged(): string[]
  overwrite(key: string, bytes: Buffer): Promise<unknown>
}

interface Line {
  level: string
  msg: string
  key?: string
  cause?: string
}

/** Files in a bucket with these settings of the platform. */
export async function openBucket(
  t: TestContext,
  settings: Record<string, string>,
  options: { now?: () => Date; patience?: number } = {},
) {
  const lines: Line[] = []
  const stream = new Writable({ write: (line, _, done) => done(void lines.push(JSON.parse(String(line)))) })
  const credentials = { accessKeyId: settings.AWS_ACCESS_KEY_ID!, secretAccessKey: settings.AWS_SECRET_ACCESS_KEY! }
  const files = await s3Files({
    ...credentials,
    endpoint: settings.S3_ENDPOINT!,
    bucket: settings.S3_BUCKET_NAME!,
    region: settings.AWS_REGION!,
    now: () => new Date(),
    ...options,
    log: openLog({ level: 'info', stream }),
    metrics: openMetrics(),
  })
  t.after(files.close)
  const Bucket = settings.S3_BUCKET_NAME
  const operator = new S3Client({
    endpoint: settings.S3_ENDPOINT,
    forcePathStyle: true,
    region: settings.AWS_REGION,
    credentials,
  })
  t.after(() => operator.destroy())
  const overwrite = (Key: string, Body: Buffer) => operator.send(new PutObjectCommand({ Bucket, Key, Body }))
  /** Uploads that are neither finished nor given up. */
  const unfinished = async () =>
    ((await operator.send(new ListMultipartUploadsCommand({ Bucket }))).Uploads ?? []).length
  return { files, lines, overwrite, unfinished }
}

export async function openS3(t: TestContext): Promise<Opened & { unfinished(): Promise<number> }> {
  const opened = await openBucket(t, await engine(t, 's3'))
  const { lines } = opened
  return {
    ...opened,
    damaged: () => lines.filter(({ msg }) => /not what was written/.test(msg)).map(({ key }) => key!),
  }
}

/** So many bytes that are nowhere whole in memory. */
export const stream = (sizeBytes: number): Readable =>
  Readable.from(
    (function* () {
      const block = randomBytes(65_536)
      for (let left = sizeBytes; left > 0; left -= block.length) yield block.subarray(0, Math.min(left, block.length))
    })(),
    { objectMode: false },
  )
