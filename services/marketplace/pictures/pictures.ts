import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import Type from 'typebox'
import { getDocumentFile } from '#contracts/documents'
import { ProductUpdated } from '#contracts/marketplace'
import { Id } from '#contracts/shared'
import { anyone, Problem, type Job } from '#kernel'
import type { MarketplaceHost } from '../host.ts'
import { told } from '../products/product.ts'
import { findProduct, lockProduct, updateProduct } from '../products/store.ts'
import { masterOf, rendered, Unfit, type Master } from './render.ts'
import { formats, thumbnailOf, widths } from './sizes.ts'

const masterKey = (id: string) => `marketplace/${id}/master`
const sizeKey = (id: string, width: number, format: string) => `marketplace/${id}/${width}-${format}`

/** Makes pictures of documents, and takes them away. */
export function pictureJobs(host: MarketplaceHost): {
  copyPicture: Job<{ id: string }>
  removePicture: Job<{ id: string }>
} {
  const { db, files } = host
  const copyPicture = host.job(
    'copy picture',
    async ({ id }: { id: string }, { last }) => {
      const [waiting] = await db<{ productId: string; documentId: string; state: string }[]>`
        select product_id as "productId", document_id as "documentId", state from pictures where id = ${id}`
      const product = waiting?.state === 'waiting' ? await findProduct(db, waiting.productId) : undefined
      if (!waiting || !product) return
      const made = await pictureOf(host, waiting.documentId, product.owner.id).catch((error: unknown) => {
        if (error instanceof Unfit) return error.message
        if (last) return 'Its file could not be had.'
        throw error
      })
      if (typeof made !== 'string') await keep(host, id, made)
      await settle(host, product.id, id, made)
    },
    { tries: 12 },
  )
  const removePicture = host.job('remove picture', async ({ id }: { id: string }) => {
    await files.remove(masterKey(id))
    for (const width of widths) for (const format of formats) await files.remove(sizeKey(id, width, format))
  })
  return { copyPicture, removePicture }
}

/** Fails with `Unfit` for what the vendor has not uploaded, or is no picture; otherwise to be tried again. */
async function pictureOf({ ask, files, settings }: MarketplaceHost, docId: string, ownerId: string): Promise<Master> {
  const found = await ask(getDocumentFile, { docId })
  // Others' documents are not there.
  if (found.state === 'unknown' || (found.state === 'released' && found.owner?.id !== ownerId))
    throw new Unfit('There is no such document of the vendor.')
  if (found.state === 'infected') throw new Unfit('The virus scanner found something in it.')
  if (found.state === 'waiting') throw new Problem('unavailable', 'files_unavailable', { retryAfter: 30 })
  if ((found.sizeBytes ?? 0) > settings.PICTURE_MAX_BYTES) throw new Unfit('Its file is too large.')
  const content = await files.read(found.fileKey!)
  if (!content) throw new Unfit('Its file is not there.')
  return await masterOf(await buffer(content))
}

async function keep({ files }: MarketplaceHost, id: string, { data }: Master): Promise<void> {
  await files.write(masterKey(id), Readable.from([data]), { maxBytes: data.length + 1 }).catch((error: unknown) => {
    // An attempt before this one got so far.
    if (!(error instanceof Problem) || error.code !== 'file_exists') throw error
  })
}

/** The picture is there, or is refused; the first one stands for its product. */
async function settle(
  { db, now }: MarketplaceHost,
  productId: string,
  id: string,
  made: Master | string,
): Promise<void> {
  await db.transaction(async tx => {
    const before = await lockProduct(tx, productId)
    if (!before) return
    const isRefused = typeof made === 'string'
    const [state, detail, width, height] = isRefused
      ? ['refused', made, null, null]
      : ['ready', null, made.width, made.height]
    await tx`update pictures set state = ${state!}, detail = ${detail}, width = ${width}, height = ${height} where id = ${id}`
    const pictures = before.pictures.map(picture =>
      picture.id === id ? { ...picture, state: state as 'ready' } : picture,
    )
    const thumbnail = thumbnailOf(pictures)
    const after = { ...before, thumbnail, version: before.version + 1, updatedAt: now() }
    await updateProduct(tx, after)
    await tx.publish(ProductUpdated, told(after))
  })
}

/** Sizes that are being made, so that many who ask for one make it once; few at a time. */
const making = new Map<string, Promise<Buffer | undefined>>()
const mostMaking = 40

/** Pictures in the sizes there are; made when the first one asks, and kept. */
export function pictureRoutes(host: MarketplaceHost): void {
  const { site, files } = host
  let turn: Promise<unknown> = Promise.resolve()

  async function make(id: string, width: number, format: (typeof formats)[number]): Promise<Buffer | undefined> {
    const master = await files.read(masterKey(id))
    if (!master) return undefined
    const data = await rendered(await buffer(master), width, format)
    await files.write(sizeKey(id, width, format), Readable.from([data]), { maxBytes: data.length + 1 }).catch(() => {})
    return data
  }

  async function inTurn(id: string, width: number, format: (typeof formats)[number]): Promise<Buffer | undefined> {
    const key = sizeKey(id, width, format)
    const running = making.get(key)
    if (running) return await running
    if (making.size >= mostMaking)
      throw new Problem('unavailable', 'files_unavailable', { retryAfter: 2, detail: 'Many pictures are being made.' })
    const mine = turn.then(() => make(id, width, format))
    turn = mine.catch(() => {})
    making.set(key, mine)
    return await mine.finally(() => making.delete(key))
  }

  site.get(
    '/shop/pictures/:id/:file',
    {
      config: { access: anyone },
      schema: {
        summary: 'A picture of a product',
        params: Type.Object({
          id: Id,
          file: Type.String({ pattern: `^(${widths.join('|')})\\.(${formats.join('|')})$`, maxLength: 20 }),
        }),
        refuses: ['picture_unknown', 'files_unavailable'],
        produces: ['image/*'],
        hide: true,
      },
    },
    async ({ params: { id, file } }, reply) => {
      const [size, format] = file.split('.') as [string, (typeof formats)[number]]
      const kept = await files.read(sizeKey(id, Number(size), format))
      const data = kept ? await buffer(kept) : await inTurn(id, Number(size), format)
      if (!data) throw new Problem('not_found', 'picture_unknown')
      return reply
        .headers({
          'cache-control': 'public, max-age=31536000, immutable',
          'content-security-policy': "default-src 'none'; sandbox",
          'x-content-type-options': 'nosniff',
        })
        .type(`image/${format}`)
        .send(data)
    },
  )
}
