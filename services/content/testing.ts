import type { TestContext } from 'node:test'
import { getDocumentFile } from '#contracts/documents'
import type { Actor, Service } from '#kernel'
import { answering, start, type TestOptions } from '../../kernel/testing.ts'
import type { ContentHost } from './host.ts'
import { content } from './service.ts'

/** The service with nobody beside it. */
export async function open(t: TestContext, options: TestOptions = {}) {
  const unknown = async () => ({ state: 'unknown' as const, scanned: false, fileKey: null })
  const works = new Map<string, () => Promise<void>>()
  const observed: Service = {
    ...content,
    start: (host: ContentHost) =>
      content.start({
        ...host,
        every(interval, purpose, work) {
          works.set(purpose, work)
          host.every(interval, purpose, work)
        },
      }),
  }
  const p = await start(t, [observed], {
    ...options,
    answers: [answering(getDocumentFile, unknown), ...(options.answers ?? [])],
  })
  const send = async (
    headers: Record<string, string>,
    method: string,
    path: string,
    payload?: object,
    more: Record<string, string> = {},
  ) =>
    await p.http.inject({
      method: method as 'GET',
      url: `/api/content${path}`,
      headers: { ...headers, ...more },
      ...(payload && { payload }),
    })
  return {
    p,
    /** Does the periodic work whose purpose this is. */
    async periodically(purpose: RegExp): Promise<void> {
      const [, work] = works.entries().find(([words]) => purpose.test(words))!
      await work()
    },
    as: (actor: Partial<Actor> = { role: 'admin' }) => {
      const headers = p.signedIn(actor)
      return (method: string, path: string, payload?: object, more?: Record<string, string>) =>
        send(headers, method, path, payload, more)
    },
    nobody: (method: string, path: string, payload?: object) => send({}, method, path, payload),
    page: async (path: string, headers: Record<string, string> = {}) => await p.http.inject({ url: path, headers }),
  }
}

/** A form as browsers send it. */
export function formOf(fields: Record<string, string>, file?: { name: string; content: Buffer }) {
  const boundary = 'a-boundary'
  const parts = Object.entries(fields).map(
    ([name, value]) => `--${boundary}\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  )
  const before = file
    ? `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="${file.name}"\r\ncontent-type: application/pdf\r\n\r\n`
    : ''
  return {
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
    payload: Buffer.concat([
      Buffer.from(parts.join('') + before),
      ...(file ? [file.content, Buffer.from('\r\n')] : []),
      Buffer.from(`--${boundary}--\r\n`),
    ]),
  }
}
