import { Problem, violates, madeIn, type Cursor, type Db, type Tx, type Span } from '#kernel'
import { isForSale, type Product } from './product.ts'

type Row = Omit<Product, 'rating'> & { rating: string | number }

/** A product with its variants and pictures; one statement, as every page of a shop asks for one. */
const columns = (db: Db) => db`
  p.id, json_build_object('kind', p.owner_kind, 'id', p.owner_id) as owner, p.reference, p.slug, p.kind, p.status,
  p.reason, p.language, p.name, p.description, p.translations, p.category_id as "categoryId", p.tags, p.attributes,
  p.safety,
  p.tax_class as "taxClass", p.tax_included as "taxIncluded", p.featured, p.passport_id as "passportId", p.passport,
  p.version, p.created_at as "createdAt", p.updated_at as "updatedAt", p.submitted_at as "submittedAt",
  p.deleted_at as "deletedAt", p.thumbnail, p.rating::float8 as rating, p.review_count as "reviewCount", p.sold,
  p.download_count as "downloadCount",
  exists (select from suspended_vendors where vendor_id = p.owner_id) as suspended,
  (select coalesce(json_agg(json_build_object('id', v.id, 'sku', v.sku, 'options', v.options, 'prices', v.prices,
      'weightG', v.weight_g, 'stockPolicy', v.stock_policy, 'availableAt', v.available_at,
      'maxPerOrder', v.max_per_order, 'serial', v.serial, 'delivery', v.delivery, 'counted', v.counted,
      'countVersion', v.count_version, 'added', v.added, 'stockVersion', v.stock_version, 'available', v.available)
      order by v.position), '[]') from variants v where v.product_id = p.id and v.deleted_at is null) as variants,
  (select coalesce(json_agg(json_build_object('id', i.id, 'documentId', i.document_id, 'alt', i.alt, 'state', i.state,
      'detail', i.detail, 'width', i.width, 'height', i.height) order by i.position), '[]')
    from pictures i where i.product_id = p.id) as pictures`

export const productOf = ({ rating, variants, ...row }: Row): Product => ({
  ...row,
  rating: Number(rating),
  variants: variants.map(variant => ({ ...variant, availableAt: stamp(variant.availableAt) })),
})

/** A time as JSON of PostgreSQL has it, as ours. */
const stamp = (at: string | null): string | null => at && new Date(at).toISOString()

/** A product that is not deleted, by its id. */
export async function findProduct(db: Db, id: string): Promise<Product | undefined> {
  const [row] = await db<Row[]>`select ${columns(db)} from products p where p.id = ${id} and p.deleted_at is null`
  return row && productOf(row)
}

/** By the name it goes by in addresses, or one it went by before. */
export async function findBySlug(db: Db, slug: string): Promise<Product | undefined> {
  const [row] = await db<Row[]>`
    select ${columns(db)} from slugs s join products p on p.id = s.product_id
    where s.slug = ${slug} and p.deleted_at is null`
  return row && productOf(row)
}

/** Products by their ids; deleted ones are left out. */
export async function findProducts(db: Db, ids: readonly string[]): Promise<Product[]> {
  const rows = await db<Row[]>`
    select ${columns(db)} from products p where p.id = any(${ids as string[]}) and p.deleted_at is null`
  return rows.map(productOf)
}

/** A product that nobody else changes until the transaction ends. */
export async function lockProduct(tx: Tx, id: string): Promise<Product | undefined> {
  // Two statements: one that also reads the variants would, after it had to wait, see those of before the wait.
  await tx`select from products where id = ${id} for update`
  return await findProduct(tx, id)
}

/** The product of a vendor that has a variant of this SKU, or that their files call so. */
export async function findOwn(
  db: Db,
  ownerId: string,
  { sku, reference }: { sku?: string | undefined; reference?: string | undefined },
): Promise<string | undefined> {
  const [found] = await db<{ id: string }[]>`
    select product_id as id from variants where owner_id = ${ownerId} and sku = ${sku ?? null} and deleted_at is null
    union all
    select id from products where owner_id = ${ownerId} and reference = ${reference ?? null} and deleted_at is null
    limit 1`
  return found?.id
}

const rowOf = (tx: Tx, product: Product) => ({
  reference: product.reference,
  slug: product.slug,
  status: product.status,
  reason: product.reason,
  language: product.language,
  name: product.name,
  description: product.description,
  translations: tx.json(product.translations as never),
  category_id: product.categoryId,
  tags: product.tags as string[],
  attributes: tx.json(product.attributes),
  tax_class: product.taxClass,
  tax_included: product.taxIncluded,
  featured: product.featured,
  passport_id: product.passportId,
  passport: product.passport && tx.json(product.passport as never),
  safety: product.safety && tx.json(product.safety as never),
  version: product.version,
  updated_at: product.updatedAt,
  submitted_at: product.submittedAt,
  deleted_at: product.deletedAt,
  thumbnail: product.thumbnail,
  for_sale: isForSale(product),
})

/** Fails with `reference_taken`, `passport_listed`, `tax_class_unknown`, `category_unknown`. */
export async function insertProduct(tx: Tx, product: Product): Promise<void> {
  const { id, owner, kind, createdAt } = product
  const made = { id, owner_kind: owner.kind, owner_id: owner.id, kind, created_at: createdAt }
  const nothingYet = { in_stock: false, facets: [], words_en: '', words_de: '' }
  await tx`insert into products ${tx({ ...made, ...rowOf(tx, product), ...nothingYet })}`.catch(refuse)
}

/** Keeps the next version of a product that `lockProduct` gave; fails as `insertProduct` does. */
export async function updateProduct(tx: Tx, product: Product): Promise<void> {
  await tx`update products set ${tx(rowOf(tx, product))} where id = ${product.id}`.catch(refuse)
}

function refuse(error: unknown): never {
  if (violates(error, 'products_references')) throw new Problem('conflict', 'reference_taken')
  if (violates(error, 'products_passports')) throw new Problem('conflict', 'passport_listed')
  const { code, constraint_name: constraint } = error as { code?: string; constraint_name?: string }
  if (code === '23503' && constraint === 'products_tax_class_fkey')
    throw new Problem('unprocessable', 'tax_class_unknown')
  if (code === '23503' && constraint === 'products_category_id_fkey')
    throw new Problem('unprocessable', 'category_unknown')
  throw error
}

/**
 * Writes the variants as they are, in their order; those that are there no more are kept for who has bought them. Fails
 * with `sku_taken`.
 */
export async function writeVariants(tx: Tx, { id, owner, variants, updatedAt }: Product): Promise<void> {
  await tx`
    update variants set deleted_at = ${updatedAt}
    where product_id = ${id} and deleted_at is null and not (id = any(${variants.map(variant => variant.id)}))`
  const rows = variants.map((variant, position) => ({ ...variant, position }))
  await tx`
    insert into variants (id, product_id, owner_id, position, sku, options, prices, weight_g, stock_policy,
      available_at, max_per_order, serial, delivery, counted, count_version, added, stock_version, available,
      available_version)
    select v.id, ${id}, ${owner.id}, v.position, v.sku, v.options, v.prices, v."weightG", v."stockPolicy",
      v."availableAt", v."maxPerOrder", v.serial, v.delivery, v.counted, v."countVersion", v.added, v."stockVersion",
      l.available, coalesce(l.version, 0)
    from json_to_recordset(${tx.json(rows as never)}) as v
      (id uuid, position integer, sku text, options json, prices json, "weightG" integer, "stockPolicy" text,
       "availableAt" timestamptz, "maxPerOrder" integer, serial text, delivery json, counted integer,
       "countVersion" integer, added integer, "stockVersion" integer)
    left join stock_levels l on l.variant_id = v.id
    on conflict (id) do update set position = excluded.position, sku = excluded.sku, options = excluded.options,
      prices = excluded.prices, weight_g = excluded.weight_g, stock_policy = excluded.stock_policy,
      available_at = excluded.available_at, max_per_order = excluded.max_per_order, serial = excluded.serial,
      delivery = excluded.delivery, counted = excluded.counted, count_version = excluded.count_version,
      added = excluded.added, stock_version = excluded.stock_version`.catch((error: unknown) => {
    if (violates(error, 'variants_skus')) throw new Problem('conflict', 'sku_taken')
    throw error
  })
}

/** Lets go of the variants of a product that is deleted, so that their SKUs may be used again. */
export const dropVariants = (tx: Tx, productId: string, at: Date) =>
  tx`update variants set deleted_at = ${at} where product_id = ${productId} and deleted_at is null`

/** Whether a new product has the name, which nobody had before. */
export const claimSlug = async (tx: Tx, productId: string, slug: string): Promise<boolean> =>
  (
    await tx`
      insert into slugs (slug, product_id, current) values (${slug}, ${productId}, true)
      on conflict (slug) do nothing returning slug`
  ).length > 0

/** Whether the name is the product's now; former names stay with it. */
export async function takeSlug(tx: Tx, productId: string, slug: string): Promise<boolean> {
  const [taken] = await tx<{ id: string }[]>`
    insert into slugs as s (slug, product_id, current) values (${slug}, ${productId}, false)
    on conflict (slug) do update set product_id = s.product_id
    returning product_id as id`
  if (taken!.id !== productId) return false
  await tx`update slugs set current = false where product_id = ${productId} and current and slug <> ${slug}`
  await tx`update slugs set current = true where slug = ${slug}`
  return true
}

/** The pictures of a product in their order; `added` are those that were not there. */
export async function writePictures(tx: Tx, { id, pictures }: Product): Promise<void> {
  await tx`delete from pictures where product_id = ${id} and not (id = any(${pictures.map(picture => picture.id)}))`
  if (pictures.length === 0) return
  const rows = pictures.map((picture, position) => ({ ...picture, position }))
  await tx`
    insert into pictures (id, product_id, document_id, position, alt, state)
    select i.id, ${id}, i."documentId", i.position, i.alt, i.state
    from json_to_recordset(${tx.json(rows as never)}) as i
      (id uuid, "documentId" uuid, position integer, alt text, state text)
    on conflict (id) do update set position = excluded.position, alt = excluded.alt`
}

/** Products of these owners, or of all, the newest first. */
export const listOwn = (
  db: Db,
  wanted: {
    owners: readonly string[] | undefined
    vendor: string | undefined
    status: string | undefined
    made?: Made
  },
  limit: number,
  cursor: Cursor | undefined,
) => {
  const { owners, vendor, status, made = {} } = wanted
  return db<Row[]>`
    select ${columns(db)} from products p
    where p.deleted_at is null
      ${owners ? db`and p.owner_id = any(${owners as string[]})` : db``}
      ${vendor ? db`and p.owner_id = ${vendor}` : db``}
      ${status ? db`and p.status = ${status}` : db``} ${madeAs(db, made)}
      ${cursor ? db`and (p.created_at, p.id) < (${String(cursor[0])}::timestamptz, ${String(cursor[1])})` : db``}
    order by p.created_at desc, p.id desc limit ${limit}`
}

/** When products were made, and when they changed last. */
export interface Made {
  readonly created?: Span
  readonly changed?: Span
}
const madeAs = (db: Db, { created = {}, changed = {} }: Made) =>
  db`${madeIn(db, 'p.created_at', created)} ${madeIn(db, 'p.updated_at', changed)}`

/** Products that wait for a decision, of one vendor or of all; who has waited for longest comes first. */
export const listWaiting = (
  db: Db,
  { vendor, made = {} }: { vendor: string | undefined; made?: Made },
  limit: number,
  cursor: Cursor | undefined,
) => {
  const since = db`coalesce(p.submitted_at, p.created_at)`
  return db<Row[]>`
    select ${columns(db)} from products p
    where p.deleted_at is null and p.status = 'pending' ${vendor ? db`and p.owner_id = ${vendor}` : db``}
      ${madeAs(db, made)}
      ${cursor ? db`and (${since}, p.id) > (${String(cursor[0])}::timestamptz, ${String(cursor[1])})` : db``}
    order by ${since}, p.id limit ${limit}`
}
