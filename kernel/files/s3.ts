import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  paginateListObjectsV2,
  S3Client,
  type GetObjectCommandOutput,
  type ListMultipartUploadsCommandOutput,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { fileExists, partsOf, storageFull, type Content, type FileStore, type Range } from './files.ts'
import { damaged, damageReport, heldTo, openMeter } from './integrity.ts'
import type { Log } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { openOutage } from '../telemetry/outage.ts'
import { Problem, StartError } from '../problem.ts'

/** Two of these are in memory at most, for each upload. */
const partSize = 8 * 1024 * 1024
const day = 24 * 3_600_000
/** A reader who takes no byte for so long is let go. */
const lull = 60_000

interface S3Options {
  /** Undefined for AWS. */
  endpoint?: string
  bucket: string
  region: string
  /** Undefined for what the machine has: a role, a profile. */
  accessKeyId?: string
  secretAccessKey?: string
  now: () => Date
  log: Log
  metrics: Metrics
  /**
   * Until the server has taken a part, in milliseconds, for each of three tries; a quarter of it for what carries no
   * file. Default 15 s.
   */
  patience?: number
}

/**
 * Files in a bucket. Fails with `StartError` when the bucket is not there or the credentials are not right; a server
 * that is away only delays. What uploads left behind that were never finished is removed after a day.
 */
export async function s3Files(options: S3Options): Promise<FileStore> {
  const bucket = openBucket(options)
  const { client, Bucket, brief, at, head, attempt, trouble } = bucket
  const files: Omit<FileStore, 'close'> = {
    write: (key, content, { maxBytes }) => write(bucket, key, content, maxBytes),
    read: (key, range, content) => read(bucket, key, range, content),
    size: key => attempt('size', async () => (await head(key))?.ContentLength),
    remove: key =>
      attempt('remove', async () => {
        await client.send(new DeleteObjectCommand(at(key)), brief).catch(unlessMissing)
      }),
    async *list(prefix) {
      try {
        for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket, Prefix: prefix }, brief))
          for (const { Key, LastModified } of Contents) if (isKey(Key)) yield { key: Key, writtenAt: LastModified! }
      } catch (error) {
        throw trouble('list', error)
      }
    },
    async check() {
      await client.send(new ListObjectsV2Command({ Bucket, MaxKeys: 1 }), { abortSignal: AbortSignal.timeout(3_000) })
    },
  }
  const probe = await files.check().catch((error: unknown) => error)
  if (probe) {
    refuse(probe, options)
    trouble('start', probe)
  }
  const stopSweeping = sweepAlways(bucket, options.now)
  return {
    ...files,
    async close() {
      stopSweeping()
      client.destroy()
    },
  }
}

type Bucket = ReturnType<typeof openBucket>

/** The bucket, what is asked of it in more than one place, and how it is told that it is away. */
function openBucket(options: S3Options) {
  const { bucket: Bucket, patience = 15_000, log, metrics } = options
  const client = openClient(options, patience)
  const brief = { requestTimeout: patience / 4 }
  const outage = openOutage({ engine: 'files', consequence: 'files can neither be stored nor read', log, metrics })

  const trouble = (operation: string, error: unknown): Problem => {
    if (error instanceof Problem) return error
    if (statusOf(error) === 507 || /StorageFull|QuotaExceeded|InsufficientStorage/i.test(nameOf(error)))
      return storageFull()
    outage.failed(operation, error)
    return new Problem('unavailable', 'files_unavailable', {
      detail: 'Files cannot be reached at the moment.',
      retryAfter: 5,
    })
  }
  async function attempt<T>(operation: string, work: () => Promise<T>): Promise<T> {
    try {
      const result = await work()
      outage.worked()
      return result
    } catch (error) {
      throw trouble(operation, error)
    }
  }
  const at = (key: string): { Bucket: string; Key: string } => ({ Bucket, Key: partsOf(key).join('/') })
  const head = (key: string, bound = {}) =>
    client.send(new HeadObjectCommand(at(key)), { ...brief, ...bound }).catch(unlessMissing)
  const abort = (Key: string, UploadId: string | undefined, bound = {}): Promise<unknown> =>
    client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }), { ...brief, ...bound }).catch(unlessMissing)
  const worked = (): void => outage.worked()
  return { client, Bucket, brief, at, head, abort, attempt, trouble, worked, onDamage: damageReport(options) }
}

function openClient({ endpoint, region, accessKeyId, secretAccessKey }: S3Options, patience: number): S3Client {
  return new S3Client({
    region,
    ...(endpoint && { endpoint, forcePathStyle: true }),
    ...(accessKeyId && secretAccessKey && { credentials: { accessKeyId, secretAccessKey } }),
    maxAttempts: 3,
    // A part goes out at once, or with an answer that says why not.
    expectContinueHeader: false,
    requestHandler: {
      connectionTimeout: 3_000,
      requestTimeout: patience,
      socketTimeout: lull,
      throwOnRequestTimeout: true,
      // A reader that takes its time holds one.
      httpAgent: { maxSockets: 500 },
      httpsAgent: { maxSockets: 500 },
    },
  })
}

async function write(bucket: Bucket, key: string, content: Readable, maxBytes: number): Promise<Content> {
  const { client, brief, at, head, abort, trouble, worked } = bucket
  const { meter, measured } = openMeter(maxBytes)
  const mark = randomUUID()
  const params = { ...at(key), Body: meter, IfNoneMatch: '*', Metadata: { upload: mark } }
  const upload = new Upload({ client, partSize, queueSize: 2, leavePartsOnError: true, params })
  pipeline(content, meter).catch(() => {}) // told by what is read of it
  try {
    await upload.done()
  } catch (error) {
    const broken = error === meter.errored
    meter.destroy()
    // Whoever has waited for three tries does not for three more; what stays behind the sweep finds.
    const bound = { abortSignal: AbortSignal.timeout(brief.requestTimeout) }
    if (upload.uploadId) await abort(key, upload.uploadId, bound).catch(() => {})
    if (broken) throw error
    // A server that had taken it when its answer got lost finds our own file in the way of the next try.
    const there = await head(key, bound).catch(() => undefined)
    if (there?.Metadata?.upload !== mark)
      throw there && statusOf(error) === 412 ? fileExists(key) : trouble('write', error)
  }
  worked()
  return measured()
}

async function read(
  { client, brief, at, attempt, trouble, onDamage }: Bucket,
  key: string,
  range: Range | undefined,
  content: Content | undefined,
): Promise<Readable | undefined> {
  const found = await attempt('read', () =>
    client
      .send(new GetObjectCommand({ ...at(key), Range: range && `bytes=${range.start}-${range.end}` }), brief)
      .catch(error => (statusOf(error) === 416 ? 'beyond' : unlessMissing(error))),
  )
  if (!found) return undefined
  if (found === 'beyond') {
    if (content) throw damaged(key, onDamage)
    return Readable.from([])
  }
  const source = found.Body as Readable
  if (content && sizeOf(found) !== content.sizeBytes) {
    source.destroy()
    throw damaged(key, onDamage)
  }
  return heldTo(source, range ? undefined : content, {
    damaged: () => damaged(key, onDamage),
    broken: error =>
      /checksum mismatch/i.test((error as Error).message) ? damaged(key, onDamage) : trouble('read', error),
  })
}

/** Sweeps now and four times a day, until what it gives back is called. */
function sweepAlways(bucket: Bucket, now: () => Date): () => void {
  let closed = false
  const sweeping = () => void sweep(bucket, now).catch(error => closed || bucket.trouble('sweep', error))
  const timer = setInterval(sweeping, day / 4).unref()
  sweeping()
  return () => {
    closed = true
    clearInterval(timer)
  }
}

/** Removes parts of uploads that nobody finished; a bucket that is shared holds those of others too. */
async function sweep({ client, Bucket, brief, abort }: Bucket, now: () => Date): Promise<void> {
  let from: { KeyMarker?: string; UploadIdMarker?: string } | undefined = {}
  while (from) {
    const page: ListMultipartUploadsCommandOutput = await client.send(
      new ListMultipartUploadsCommand({ Bucket, ...from }),
      brief,
    )
    for (const { Key, UploadId, Initiated } of page.Uploads ?? [])
      if (isKey(Key) && now().getTime() - Initiated!.getTime() > day) await abort(Key, UploadId)
    from = page.IsTruncated ? { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker } : undefined
  }
}

/** What waiting does not mend stops the start. */
function refuse(error: unknown, { bucket, endpoint, region }: S3Options): void {
  const where = endpoint ?? `AWS in ${region}`
  const name = nameOf(error)
  const status = statusOf(error) ?? 0
  if (name === 'NoSuchBucket' || name === 'InvalidBucketName')
    throw new StartError(
      `There is no bucket ${bucket} at ${where}. Create it, or name another: S3_BUCKET_NAME=some-bucket`,
    )
  if (status === 301 || /AuthorizationHeaderMalformed|IllegalLocationConstraint/.test(name))
    throw new StartError(`The bucket ${bucket} does not lie in ${region}. Set AWS_REGION to where it does.`)
  if (name === 'CredentialsProviderError' || (status >= 400 && status < 500 && status !== 408 && status !== 429))
    throw new StartError(
      `${where} does not let us into the bucket ${bucket} (${name}). ` +
        'Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; they need the rights ' +
        's3:ListBucket, ListBucketMultipartUploads, GetObject, PutObject, DeleteObject and AbortMultipartUpload.',
    )
}

/** Of all there is, whatever part of it was asked for. */
const sizeOf = ({ ContentRange, ContentLength }: GetObjectCommandOutput): number | undefined =>
  ContentRange ? Number(ContentRange.split('/')[1]) : ContentLength

const statusOf = (error: unknown): number | undefined =>
  (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode

const nameOf = (error: unknown): string => (error as Error).name

const unlessMissing = (error: unknown): undefined => {
  if (nameOf(error) !== 'NoSuchKey' && nameOf(error) !== 'NotFound' && nameOf(error) !== 'NoSuchUpload') throw error
}

const isKey = (key: string | undefined): key is string => {
  try {
    return key !== undefined && partsOf(key).length === 3
  } catch {
    return false
  }
}
