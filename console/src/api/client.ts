import { actingToken, stopActing } from './acting.ts'
import { base } from './base.ts'
import { problemOf } from './problem.ts'
import { askToSignIn, renew } from './session.ts'

/**
 * One request, as often as it takes: access tokens are renewed without a word, and where the session is over the person
 * signs in again over the unharmed page, and the request goes on.
 */
async function send(request: Request): Promise<Response> {
  const acting = actingToken()
  if (acting) request.headers.set('authorization', `Bearer ${acting}`)
  for (let tries = 0; ; tries++) {
    const response = await fetch(request.clone())
    if (response.status === 401 && acting) return await stopActing()
    if (response.status === 403) {
      const { code } = await problemOf(response.clone())
      if (code === 'terms_open') await answerTerms()
      // Who makes keys has signed in a moment ago.
      if (code === 'sign_in_old' && tries < 2) {
        await askToSignIn('proof')
        continue
      }
    }
    if (response.status !== 401 || tries > 1) return response
    const stale = (await problemOf(response.clone())).code === 'fresh_sign_in_required'
    if (tries === 0 && !stale && (await renew())) continue
    await askToSignIn(stale ? 'factor' : 'sign-in')
  }
}

/** New terms are answered on their page, which leads back here; what was typed is kept as a draft. */
async function answerTerms(): Promise<void> {
  location.assign(`${base}/api/auth/agree?return=${encodeURIComponent(location.pathname + location.search)}`)
  await new Promise(() => {})
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
interface Asked {
  readonly query?: object
  readonly body?: unknown
  readonly headers?: Record<string, string>
  readonly signal?: AbortSignal
}

/** Asks the API; fails with `ApiProblem`. What it answers is typed by who asks: by `AnswerOf` of the document, or a declaration. */
export async function ask<T>(
  method: Method,
  path: string,
  options?: Asked,
): Promise<{ data: T; tag: string | undefined }> {
  const response = await answerTo(method, path, options)
  const data = response.status === 204 ? undefined : await response.json()
  return { data: data as T, tag: response.headers.get('etag') ?? undefined }
}

/** The answer itself, for files and what their headers say. */
export async function answerTo(
  method: Method,
  path: string,
  { query = {}, body, headers = {}, signal }: Asked = {},
): Promise<Response> {
  const words = Object.entries(query).filter(([, value]) => value !== undefined && value !== '')
  const search = new URLSearchParams(words.map(([name, value]) => [name, String(value)]))
  // Files go as they are.
  const isForm = body instanceof FormData || body instanceof Blob
  const response = await send(
    new Request(new URL(`${base}${path}${search.size > 0 ? `?${search}` : ''}`, location.origin), {
      signal,
      ...(method !== 'GET' && { body: body === undefined ? null : isForm ? body : JSON.stringify(body) }),
      method,
      headers: {
        ...(body !== undefined && !isForm && { 'content-type': 'application/json' }),
        // Asked again, once one has signed in, it is the same.
        ...(method === 'POST' && { 'idempotency-key': crypto.randomUUID() }),
        ...headers,
      },
    }),
  )
  if (!response.ok) throw await problemOf(response)
  return response
}
