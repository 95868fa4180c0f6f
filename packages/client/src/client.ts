import createClient, { type FetchResponse, type MaybeOptionalInit } from 'openapi-fetch'
import type { HttpMethod, MediaType, PathsWithMethod, RequiredKeysOf } from 'openapi-typescript-helpers'
import type { paths } from './api.gen.d.ts'
import { follow, type LiveEvent } from './live.ts'
import { problemIn } from './problem.ts'
import { type Retries, sendingBy } from './sending.ts'
import { type Credentials, tokensOf } from './tokens.ts'

export interface Options extends Retries {
  /** Where the platform is: `https://ohmnibus.example.com`. */
  url: string
  /** Who asks; a stranger without. */
  as?: Credentials
  /** Goes along with each request. */
  headers?: Record<string, string>
  fetch?: typeof globalThis.fetch
}

type Untyped = (path: string, init: object) => Promise<{ error?: unknown; response: Response }>

type InitParam<Init> =
  RequiredKeysOf<Init> extends never ? [(Init & Record<string, unknown>)?] : [Init & Record<string, unknown>]

/** A request of this method, as `/docs` has it; what it answers, or the problem thrown. */
export type Call<Method extends HttpMethod> = <
  Path extends PathsWithMethod<paths, Method>,
  Init extends MaybeOptionalInit<paths[Path], Method>,
>(
  path: Path,
  ...init: InitParam<Init>
) => Promise<Answer<paths[Path][Method & keyof paths[Path]], Init>>

type Answer<Operation, Init> = NonNullable<
  FetchResponse<Operation extends Record<string | number, unknown> ? Operation : never, Init, MediaType>['data']
>

/** A notification as its live stream has it. */
export type Notification =
  paths['/api/notifications']['get']['responses'][200]['content']['application/json']['items'][number]

type Listed<Path extends PathsWithMethod<paths, 'get'>> = paths[Path]['get'] extends {
  responses: { 200: { content: { 'application/json': { items: (infer Item)[]; nextCursor: string | null } } } }
}
  ? Item
  : never

/** The lists: what answers in pages. */
export type Lists = {
  [Path in PathsWithMethod<paths, 'get'>]: Listed<Path> extends never ? never : Path
}[PathsWithMethod<paths, 'get'>]

/** The platform, as one asks it. */
export interface Ohmnibus {
  get: Call<'get'>
  post: Call<'post'>
  put: Call<'put'>
  patch: Call<'patch'>
  delete: Call<'delete'>
  /** All of a list, page by page as they are asked for. */
  list<Path extends Lists, Init extends MaybeOptionalInit<paths[Path], 'get'>>(
    path: Path,
    ...init: InitParam<Init>
  ): AsyncGenerator<Listed<Path>, void, void>
  /** Notifications as they come; those behind `after` first. Opened again where it breaks off. */
  notifications(options?: { signal?: AbortSignal; after?: string }): AsyncGenerator<LiveEvent<Notification>, void, void>
  /** For what is no JSON: files, and what is not in the document. With token and retries; answers of any status. */
  fetch(path: string, init?: RequestInit): Promise<Response>
  /** Ends the session of who signed in by password. */
  signOut(): Promise<void>
}

/** A client of one platform. Nothing is asked before the first request. */
export function connect({ url, as, headers, fetch = globalThis.fetch, ...retries }: Options): Ohmnibus {
  const base = url.replace(/\/+$/, '')
  const direct = sendingBy(fetch, tokensOf(undefined, never), retries)
  const tokens = tokensOf(as, (path, init) => direct(new Request(base + path, init)))
  const send = sendingBy(fetch, tokens, retries)
  const api = createClient<paths>({ baseUrl: base, fetch: send, credentials: 'omit', ...(headers && { headers }) })

  const call =
    (method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE') =>
    async (path: string, init: Record<string, unknown> = {}): Promise<unknown> => {
      const { error, response } = await (api[method] as Untyped)(path, { ...init, parseAs: 'stream' })
      if (!response.ok) throw problemIn(response, error)
      return await read(response)
    }
  const get = call('GET')

  async function* list(path: string, init: { params?: { query?: object } } = {}): AsyncGenerator<unknown, void, void> {
    let after: string | undefined
    do {
      const query = { ...init.params?.query, ...(after !== undefined && { after }) }
      const page = (await get(path, { ...init, params: { ...init.params, query } })) as {
        items: unknown[]
        nextCursor: string | null
      }
      yield* page.items
      after = page.nextCursor ?? undefined
    } while (after !== undefined)
  }

  const plain = (path: string, init: RequestInit = {}): Promise<Response> =>
    send(
      new Request(base + path, { credentials: 'omit', ...init, headers: { ...headers, ...entriesOf(init.headers) } }),
    )

  return {
    get: get as never,
    post: call('POST') as never,
    put: call('PUT') as never,
    patch: call('PATCH') as never,
    delete: call('DELETE') as never,
    list: list as never,
    notifications: options =>
      follow<Notification>((more, signal) => plain('/api/notifications/stream', { headers: more, signal }), options),
    fetch: plain,
    signOut: tokens.signOut,
  }
}

const never = (): never => {
  throw new Error('Strangers have no tokens')
}

const entriesOf = (headers: HeadersInit | undefined): Record<string, string> =>
  Object.fromEntries(new Headers(headers).entries())

/** JSON, text of what says that it is text, or the bytes; undefined where there is nothing. */
async function read(response: Response): Promise<unknown> {
  if (response.status === 204 || response.headers.get('content-length') === '0') return undefined
  const type = response.headers.get('content-type') ?? ''
  if (/[/+]json\b/.test(type)) return await response.json()
  return type.startsWith('text/') ? await response.text() : await response.arrayBuffer()
}
