import type { Db, Pool } from '../kernel/database/database.ts'

/** Of the language that nobody speaks: syllables of words that only a few products have. */
const syllables = 'ka ro vi ne lu ta mi so pe du ra zo ki le fu na be gi ho ja'
const brands =
  'Voltara Amperia Lumeno Kilora Strovia Ohmetta Faradix Teslora Wattico Joulia Galvano Siemora Hertzia Kelvion Ladora Netzara Plugora Coulonda Nordvolt Sundera'
const nouns =
  'Wallbox Charger Cable Adapter Meter Battery Holder Socket Plug Contactor Breaker Inverter Stand Cover Lock Reader Display Router Fuse Sensor'
const colours = 'black white grey blue green red yellow orange'
const connectors = ['type-2', 'ccs', 'chademo', 'schuko']
/** What descriptions are made of. */
const phrases =
  'charges quickly overnight garage weatherproof housing aluminium steel certified meter household solar surplus phase switching load management network backend update warranty installation electrician mounting bracket colour finish quiet relay residual current protection temperature sensor dynamic tariff schedule application remote release card family fleet company parking spare replacement original tested recycled packaging delivery manual included'

export const categoriesOfShop = 20
export const categorySlug = (number: number): string => `bench-${number}`

/**
 * Writes `count` products of fifty vendors in twenty categories by SQL, as the service files them: names of a brand, a
 * thing, one of 8,000 rare words and a colour, and twelve words about it. What is common is found in one product of
 * twenty, whatever the count. Indexes are dropped meanwhile and made anew.
 */
export async function makeProducts(sql: Pool, count: number): Promise<void> {
  await sql.begin(async tx => {
    await tx`set local search_path = marketplace, extensions`
    await tx`set local session_replication_role = replica`
    await tx`set local maintenance_work_mem = '512MB'`
    await tx`set local work_mem = '256MB'`
    const indexes = await tx<{ name: string; definition: string }[]>`
      select c.relname as name, pg_get_indexdef(i.indexrelid) as definition from pg_index i
      join pg_class c on c.oid = i.indexrelid
      where i.indrelid = any(array['products', 'variants', 'offers', 'starts', 'vocabulary']::regclass[])
        and not exists (select from pg_constraint k where k.conindid = i.indexrelid)`
    for (const { name } of indexes) await tx`drop index ${tx(name)}`
    await tx`select setseed(0.5)`
    await tx`
      insert into categories (id, path, slug, names, attributes, position, version, updated_at)
      select id, array[id], 'bench-' || n, json_build_object('en', 'Bench ' || n, 'de', 'Bank ' || n), ${tx.json([
        { key: 'connector', names: { en: 'Connector', de: 'Stecker' }, type: 'text', facet: true },
      ])}, n, 1, now()
      from (select n, md5('category ' || n)::uuid as id from generate_series(0, ${categoriesOfShop - 1}::int) n) c`
    await draw(tx, count)
    await file(tx)
    for (const { definition } of indexes) await tx.unsafe(definition)
  })
  for (const table of ['products', 'slugs', 'variants', 'offers', 'starts', 'vocabulary', 'categories'])
    await sql.unsafe(`vacuum analyze marketplace.${table}`)
}

/** Products by lot, the same each time, in a table of this transaction. */
async function draw(tx: Db, count: number): Promise<void> {
  // Each word with what it is found by, made once: to analyse millions of texts would take longer than all else.
  await tx`create temporary table bench_rare on commit drop as
    select row_number() over () - 1 as n, a || b || c as word
    from unnest(string_to_array(${syllables}, ' ')) a, unnest(string_to_array(${syllables}, ' ')) b,
      unnest(string_to_array(${syllables}, ' ')) c`
  await tx`create temporary table bench_texts on commit drop as
    select n, string_agg(word, ' ') as text from (
      select n, (string_to_array(${phrases}, ' '))[1 + floor(random() * ${phrases.split(' ').length})::int] as word
      from generate_series(0, 1999) n, generate_series(1, 12)) w group by n`
  await tx`create temporary table bench_found on commit drop as
    select n, text, to_tsvector('english', text)::text as en, to_tsvector('german', text)::text as de from bench_texts`
  const analysed = (list: string) => tx`
    select row_number() over () - 1 as n, word, lower(word) as folded,
      replace(to_tsvector('english', word)::text, ':1', '') as en,
      replace(to_tsvector('german', word)::text, ':1', '') as de
    from unnest(string_to_array(${list}, ' ')) word`
  await tx`create temporary table bench_brands on commit drop as ${analysed(brands)}`
  await tx`create temporary table bench_nouns on commit drop as ${analysed(nouns)}`
  await tx`create temporary table bench_colours on commit drop as ${analysed(colours)}`
  await tx`create temporary table bench_rares on commit drop as
    select n, word, replace(to_tsvector('english', word)::text, ':1', '') as en,
      replace(to_tsvector('german', word)::text, ':1', '') as de from bench_rare`
  await tx`create temporary table bench_made on commit drop as
    select i, uuidv7() as id, md5('vendor ' || i % 50)::uuid as vendor, i % ${categoriesOfShop} as category,
      floor(random() * 20)::int as brand, floor(random() * 20)::int as noun, floor(random() * 8)::int as colour,
      floor(random() * 8000)::int as rare, floor(random() * 2000)::int as text,
      (${connectors}::text[])[1 + floor(random() * 4)::int] as connector,
      (1000 + floor(exp(random() * 7) * 100))::bigint as price, floor(-ln(1 - random()) * 20)::int as sold,
      floor(random() * 5)::int as reviews, now() - i * interval '1 second' as at
    from generate_series(1, ${count}::int) i`
}

/** What was drawn, as the service files it. */
async function file(tx: Db): Promise<void> {
  // As a tsvector reads it: words of the name weigh most, its category less, what it is about least.
  const found = (language: 'en' | 'de') => tx`
    (b.${tx(language)} || ':1A ' || n.${tx(language)} || ':2A ' || r.${tx(language)} || ':3A '
      || c.${tx(language)} || ':4A ''bench'':5B ' || t.${tx(language)})::tsvector`
  await tx`
    insert into products (id, owner_kind, owner_id, slug, kind, status, language, name, description, translations,
      category_id, tags, attributes, tax_class, tax_included, version, created_at, updated_at, rating_sum,
      review_count, sold, for_sale, in_stock, facets, words_en, words_de)
    select m.id, 'organisation', m.vendor, 'p-' || m.i, 'physical', 'active', 'en',
      b.word || ' ' || n.word || ' ' || r.word || ' ' || c.word, t.text, '{}', md5('category ' || m.category)::uuid,
      array[c.word], json_build_object('connector', m.connector), 'standard', true, 1, m.at, m.at, m.reviews * 4,
      m.reviews, m.sold, true, true,
      array['c:' || md5('category ' || m.category)::uuid, 'v:' || m.vendor, 'k:physical', 't:' || c.word,
        'a:connector=' || m.connector, 'm:EUR', 'p:EUR:' || floor(log(2, m.price + 1))::int, 'stock']
        || case when m.reviews > 0 then array['r:4'] else '{}' end
        || case when m.sold >= 10 then array['popular'] else '{}' end,
      ${found('en')}, ${found('de')}
    from bench_made m join bench_brands b on b.n = m.brand join bench_nouns n on n.n = m.noun
    join bench_rares r on r.n = m.rare join bench_colours c on c.n = m.colour join bench_found t on t.n = m.text`
  await tx`insert into slugs (slug, product_id, current) select 'p-' || i, id, true from bench_made`
  await tx`
    insert into variants (id, product_id, owner_id, position, sku, options, prices, weight_g, stock_policy, counted,
      count_version, stock_version)
    select gen_random_uuid(), id, vendor, 0, 'P-' || i, '[]',
      json_build_array(json_build_object('currency', 'EUR', 'priceMinor', price, 'sale', null)), 4200, 'deny', 100, 1, 1
    from bench_made`
  await tx`
    insert into offers (product_id, currency, from_at, until_at, price_minor)
    select id, 'EUR', '-infinity', 'infinity', price from bench_made`
  await tx`
    insert into starts (word, product_id)
    select distinct word, id from (
      select b.folded as word, m.id from bench_made m join bench_brands b on b.n = m.brand
      union all select n.folded, m.id from bench_made m join bench_nouns n on n.n = m.noun
      union all select r.word, m.id from bench_made m join bench_rare r on r.n = m.rare
      union all select c.word, m.id from bench_made m join bench_colours c on c.n = m.colour) w order by word, id`
  await tx`
    insert into vocabulary (word)
    select word from bench_rare union select folded from bench_brands union select folded from bench_nouns
    union select word from bench_colours union select unnest(string_to_array(${phrases}, ' ')) union select 'bench'`
}

/** What people look for, by turns: one word and several, a rare one, one misspelt, within a category and a range. */
export const searches = (count: number): string[] => {
  const [brand, noun, colour, part] = [brands, nouns, colours, syllables].map(list => list.split(' '))
  const of = (list: readonly string[], at: number) => list[at % list.length]!
  return Array.from({ length: count }, (_, at) => {
    const rare = of(part!, at) + of(part!, at * 3 + 1) + of(part!, at * 7 + 2)
    const [one, two] = [of(noun!, at), of(brand!, at * 3)]
    return `/api/marketplace/products?${
      [
        `search=${one}`,
        `search=${two}+${one}`,
        `search=${two}+${one}+${of(colour!, at)}`,
        `search=${rare}`,
        `search=${misspelt(two)}+${one}`,
        `search=${one}&category=${categorySlug(at % categoriesOfShop)}&minPrice=5000&maxPrice=50000`,
        `search=${two}&sort=price`,
      ][at % 7]!
    }`
  })
}

const misspelt = (word: string): string => `${word.slice(0, 3)}${word[2]}${word.slice(3)}`

/** What somebody has typed of what they look for: two letters of a word, and more of them. */
export const beginnings = (count: number): string[] => {
  const words = `${brands} ${nouns} ${colours}`.toLowerCase().split(' ')
  return Array.from({ length: count }, (_, at) => {
    const word = words[at % words.length]!
    return `/api/marketplace/suggestions?search=${word.slice(0, 2 + (at % Math.max(1, word.length - 2)))}`
  })
}

/** The shortest way to the twenty of a category that sell best, with what they cost. */
export const shopListStatement = `
  select p.id, p.slug, p.owner_id as "vendorId", p.name, p.tags, p.thumbnail, p.rating::float8 as rating,
    p.review_count as "reviewCount", p.download_count as "downloadCount", p.featured as "isFeatured", p.sold,
    p.in_stock as "inStock", p.kind, p.status, p.created_at as "createdAt", p.updated_at as "updatedAt",
    o.price_minor::float8 as price, o.original_minor::float8 as "originalPrice"
  from products p left join offers o on o.product_id = p.id and o.currency = 'EUR' and o.from_at <= now() and now() < o.until_at
  where p.for_sale and p.facets @> array[$1] order by p.sold desc, p.id desc limit 20`
