import { Readable } from 'node:stream'
import { strToU8, Zip, ZipDeflate } from 'fflate'
import { keepers, personalDataOf } from '#contracts/personal'
import { signedInBeforeTerms } from '#kernel'
import type { UsersHost } from '../host.ts'

type Page = Awaited<ReturnType<typeof pageOf>>

const pageOf = (host: UsersHost, keeper: (typeof keepers)[number], userId: string, after?: string) =>
  host.ask(personalDataOf(keeper), { userId, ...(after === undefined ? {} : { after }) })

/** Everything that the platform keeps of who asks, as they read it. */
export function exportRoute(host: UsersHost): void {
  const { http, now, cache } = host
  const pace = cache.limit('export of personal data', { points: 6, seconds: 3600 })

  http.get(
    '/export',
    {
      config: { access: signedInBeforeTerms },
      schema: {
        summary: 'Everything the platform keeps of oneself, as one archive',
        description:
          'A ZIP with a JSON file a service and table: a list of rows as they stand, but for secrets. What an ' +
          'organisation owns is the organisation’s. Where a service is away nothing is sent (503); one that ends ' +
          'meanwhile breaks the archive off, which programs that read it say.',
        refuses: ['service_unavailable', 'too_many_requests'],
        produces: ['application/zip'],
      },
    },
    async ({ actor: { userId } }, reply) => {
      await pace.take(userId)
      // All of them once, before anything is sent: nobody is to believe that half is everything.
      const first = new Map(
        await Promise.all(keepers.map(async keeper => [keeper, await pageOf(host, keeper, userId)] as const)),
      )
      const name = `ohmnibus-${now().toISOString().slice(0, 10)}.zip`
      return reply
        .type('application/zip')
        .header('content-disposition', `attachment; filename="${name}"`)
        .header('cache-control', 'no-store')
        .send(Readable.from(archive(host, userId, first)))
    },
  )
}

/** The bytes of the archive, made as they are read. */
async function* archive(host: UsersHost, userId: string, first: ReadonlyMap<string, Page>): AsyncGenerator<Uint8Array> {
  let ready: Uint8Array[] = []
  let failure: Error | null = null
  const zip = new Zip((error, bytes) => {
    failure ??= error
    ready.push(bytes)
  })
  const taken = (): Uint8Array[] => {
    if (failure) throw failure
    const chunks = ready
    ready = []
    return chunks
  }
  const begin = (name: string): ZipDeflate => {
    const file = new ZipDeflate(name)
    file.mtime = host.now()
    zip.add(file)
    return file
  }
  const about = begin('about.json')
  const said = { userId, madeAt: host.now().toISOString(), services: keepers }
  about.push(strToU8(JSON.stringify(said, null, 2)), true)
  for (const keeper of keepers) {
    let open: { of: string; file: ZipDeflate } | undefined
    for (let page = first.get(keeper)!; ; page = await pageOf(host, keeper, userId, page.next)) {
      for (const { of, record } of page.records) {
        const isNext = open?.of === of
        if (!isNext) {
          open?.file.push(strToU8('\n]\n'), true)
          open = { of, file: begin(`${keeper}/${of}.json`) }
        }
        open!.file.push(strToU8(`${isNext ? ',' : '['}\n${JSON.stringify(record)}`))
      }
      yield* taken()
      if (page.next === undefined) break
    }
    open?.file.push(strToU8('\n]\n'), true)
  }
  zip.end()
  yield* taken()
}
