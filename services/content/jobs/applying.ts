import { Readable } from 'node:stream'
import multipart from '@fastify/multipart'
import Type from 'typebox'
import { ApplicationReceived, ApplicationRemoved } from '#contracts/content'
import { DocumentUploaded } from '#contracts/documents'
import { Email, Line } from '#contracts/shared'
import { formOf, newId, openTurns, paced, Problem, type Job, type Pace, type Request, type Tx } from '#kernel'
import { isClosed, type Article } from '../articles/articles.ts'
import type { ContentHost } from '../host.ts'
import { insertApplication, noteFiled, removeApplications, type NewApplication } from './store.ts'

/** What an applicant says, beside a file. */
export const applicationFields = {
  name: Line(200, { examples: ['Grace Hopper'] }),
  email: Email,
  message: Type.Optional(Type.String({ maxLength: 5_000, examples: ['I repaired chargers for six years.'] })),
}
const fieldsOf = formOf(Type.Object(applicationFields))

/** By how their content begins, and what they are called then: PDF, the old Word, and what is packed as ZIP. */
const beginnings: readonly [string, RegExp][] = [
  ['255044462d', /\.pdf$/i],
  ['d0cf11e0a1b11ae1', /\.doc$/i],
  ['504b0304', /\.(docx|odt)$/i],
]

const inTurn = openTurns()

/** What a form for applications may bring. */
export const applicationForm = (maxBytes: number) =>
  [
    multipart,
    {
      limits: {
        files: 1,
        fields: 10,
        fieldNameSize: 100,
        fieldSize: 20_000,
        fileSize: maxBytes + 1,
        parts: 12,
        headerPairs: 50,
      },
      throwFileSizeLimit: false,
    },
  ] as const

/**
 * Takes an application for a job, with its file if there is one; notes in `typed` what is read of it. Fails with `job_closed`, `form_invalid`, `request_too_slow`,
 * `application_file_refused`, `application_file_too_large`, and leaves nothing then.
 */
export async function apply(
  host: ContentHost,
  request: Request,
  job: Article,
  typed: Partial<Record<string, string>> = {},
): Promise<NewApplication> {
  const { db, files, now } = host
  if (isClosed(job, now())) throw new Problem('conflict', 'job_closed')
  const [id, at] = [newId(), now()]
  const { fields, file } = await inTurn(request, () => receive(host, request, id, typed))
  try {
    const { name, email, message = '' } = fieldsOf(fields)
    const application: NewApplication = {
      id,
      jobId: job.id,
      name,
      email,
      message,
      fileKey: file?.fileKey ?? null,
      fileName: file?.fileName ?? null,
      sizeBytes: file?.sizeBytes ?? null,
      filedAt: null,
      receivedAt: at,
    }
    await db.transaction(async tx => {
      await insertApplication(tx, application)
      await tx.publish(ApplicationReceived, {
        applicationId: id,
        jobId: job.id,
        owner: job.owner,
        title: job.title,
        receivedAt: at.toISOString(),
        file: file ?? null,
      })
    })
    return application
  } catch (error) {
    if (file) await files.remove(file.fileKey)
    throw error
  }
}

interface Brought {
  readonly fileKey: string
  readonly fileName: string
  readonly sizeBytes: number
  readonly sha256: string
}

async function receive(
  { files, settings }: ContentHost,
  request: Request,
  id: string,
  fields: Partial<Record<string, string>>,
) {
  if (!request.isMultipart()) return { fields: (request.body ?? {}) as object, file: undefined }
  const maxBytes = settings.CONTENT_APPLICATION_MAX_BYTES
  let file: Brought | undefined
  try {
    await paced(request, async pace => {
      const parts = request.parts()
      for (let next = await pace.wait(parts.next()); !next.done; next = await pace.wait(parts.next())) {
        const part = next.value
        if (part.type === 'field') fields[part.fieldname] = String(part.value)
        else file = (await keep(files, pace, part, `content/${id}/${newId()}`, maxBytes)) ?? file
      }
    })
  } catch (error) {
    if (file) await files.remove((file as Brought).fileKey)
    throw error
  }
  // Browsers send a line break as two signs, and what was left out as nothing.
  return { fields: Object.fromEntries(Object.entries(fields).filter(([, value]) => value!.trim() !== '')), file }
}

/** Streams one file to storage; undefined for the empty one without a name that browsers send when nobody chose any. */
async function keep(
  files: ContentHost['files'],
  pace: Pace,
  { file, filename }: { file: Readable; filename: string },
  fileKey: string,
  maxBytes: number,
): Promise<Brought | undefined> {
  const content = file[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  // However the bytes were cut on their way.
  let head: Buffer = Buffer.alloc(0)
  for await (const chunk of pace.over(content)) if ((head = Buffer.concat([head, chunk])).length >= 8) break
  if (head.length === 0 && !filename) return undefined
  const begin = head.subarray(0, 8).toString('hex')
  if (!beginnings.some(([bytes, name]) => begin.startsWith(bytes) && name.test(filename))) {
    file.resume()
    throw new Problem('unsupported', 'application_file_refused')
  }
  async function* whole() {
    yield head
    yield* pace.over(content)
  }
  const stored = await files.write(fileKey, Readable.from(whole()), { maxBytes }).catch((error: unknown) => {
    if (error instanceof Problem && error.kind === 'too_large')
      throw new Problem('too_large', 'application_file_too_large', { detail: `The file may have ${maxBytes} bytes.` })
    throw error
  })
  return { fileKey, fileName: plainName(filename), ...stored }
}

/** One name, without a path and what no file is called by. */
const plainName = (name: string): string =>
  name
    .split(/[/\\]/)
    .at(-1)!
    .replaceAll(/[\p{C}"*:<>?|]/gu, '_')
    .slice(-200)

/** Applications go with what came with them. */
export async function remove(
  tx: Tx<'content'>,
  which: Parameters<typeof removeApplications>[1],
  removeFile: RemoveFile,
) {
  const gone = await removeApplications(tx, which)
  for (const { id, jobId, owner, fileKey, filedAt } of gone) {
    await tx.publish(ApplicationRemoved, { applicationId: id, jobId, owner })
    if (fileKey && !filedAt) await tx.enqueue(removeFile, { fileKey })
  }
  return gone.length
}

export type RemoveFile = Job<{ fileKey: string }>

/** Once documents have a file it does not lie here any more. */
export function followFiling(host: ContentHost, removeFile: RemoveFile): void {
  host.on(
    DocumentUploaded,
    { id: 'filed', purpose: 'let go of files of applications that documents have taken in', from: 'beginning' },
    async ({ docId }, tx) => {
      const fileKey = await noteFiled(tx, docId, host.now())
      if (fileKey) await tx.enqueue(removeFile, { fileKey })
    },
  )
}

/** Removes what has been kept as long as the law lets. */
export async function forgetApplications(host: ContentHost, removeFile: RemoveFile): Promise<void> {
  const before = new Date(host.now().getTime() - host.settings.CONTENT_APPLICATIONS_KEPT)
  for (let count = 500; count === 500;) count = await host.db.transaction(tx => remove(tx, { before }, removeFile))
}
