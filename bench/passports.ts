import type { Actor } from '#kernel'
import type { Pool } from '../kernel/database/database.ts'

export const actorOf = (userId: string): Actor => ({ userId, role: 'user', sessionId: userId })

const models = 50
export const modelOf = (number: number): string => `MODEL-${String(number % models).padStart(3, '0')}`

let made = 0
/** A body as clients send it, each with an identifier of its own. */
export const body = (): string =>
  JSON.stringify({
    data: {
      generalInformation: {
        batteryIdentifier: `BENCH-${process.pid}-${made++}`,
        batteryModel: { id: 'LM3-BAT-2024', modelName: 'GMC WZX1' },
        batteryMass: 450,
        batteryCategory: 'EV',
        manufacturingDate: '2024-01-15',
        manufacturingPlace: 'Regensburg, Germany',
      },
      materialComposition: { batteryChemistry: 'LiFePO4', criticalRawMaterials: ['Lithium', 'Iron'] },
      carbonFootprint: { totalCarbonFootprint: 850, measurementUnit: 'kg CO2e' },
    },
  })

/** The shortest way to a person's twenty latest passports of one model. */
export const listStatement = `
  select id, status, version, json_build_object('kind', owner_kind, 'id', owner_id) as owner,
    created_at as "createdAt", updated_at as "updatedAt",
    identifier, serial, model, category, chemistry, mass_kg as "massKg", manufactured_on::text as "manufacturedOn"
  from passports where owner_id = $1 and model = $2 order by created_at desc, id desc limit 20`

/**
 * Writes `count` passports by SQL, each with its first version: every second one belongs to `owner`, the others to one
 * person for each hundred. 50 models, 4 categories, 3 chemistries and 500 plants are drawn by lot (the same each time),
 * whatever the count: what one filter finds grows with the table. A third is published, but none of category SLI. Days
 * of manufacture are spread over ten years, identifiers count up. Indexes are dropped meanwhile and made anew.
 */
export async function makePassports(sql: Pool, owner: string, count: number): Promise<void> {
  await sql.begin(async tx => {
    await tx`set local search_path = passports, extensions`
    await tx`set local session_replication_role = replica`
    await tx`set local maintenance_work_mem = '512MB'`
    const indexes = await tx<{ name: string; definition: string }[]>`
      select c.relname as name, pg_get_indexdef(i.indexrelid) as definition from pg_index i join pg_class c
        on c.oid = i.indexrelid
      where i.indrelid = 'passports'::regclass and not i.indisprimary`
    for (const { name } of indexes) await tx`drop index ${tx(name)}`
    await tx`select setseed(0.5)`
    await tx`
      create temporary table made on commit drop as
      select i, uuidv7() as id, case when i % 2 = 0 then ${owner}::uuid
        else md5('owner ' || i / 200)::uuid end as owner_id,
        timestamptz '2026-01-01' + i * interval '1 second' as at,
        'BP-2026-' || lpad(i::text, 7, '0') as identifier, 'MODEL-' || lpad(floor(random() * ${models})::text, 3, '0') as model,
        (array['EV', 'LMT', 'industrial', 'SLI'])[1 + floor(random() * 4)] as category,
        (array['LiFePO4', 'NMC811', 'LTO'])[1 + floor(random() * 3)] as chemistry, random() < 0.33 as published,
        (date '2016-01-01' + floor(random() * 3650)::int) as manufactured_on, 'plant' || floor(random() * 500) as plant
      from generate_series(1, ${count}::int) i`
    await tx`
      insert into passports (id, owner_kind, owner_id, status, version, created_at, updated_at, identifier, serial,
        model, category, chemistry, mass_kg,
        manufactured_on, words)
      select id, 'person', owner_id, case when published and category <> 'SLI' then 'published'
        else 'draft' end, 1, at, at, identifier, identifier, model, category, chemistry,
        450, manufactured_on,
        (lower(replace(concat_ws(' ', identifier, model, category, chemistry, plant, manufactured_on, 'regensburg germany lithium iron kg co2e'), '-', ' ')))::tsvector
      from made`
    await tx`
      insert into versions (passport_id, version, status, actor_id, actor_role, at, updated_fields, data)
      select id, 1, 'draft', owner_id, 'user', at, '{}', json_build_object(
        'generalInformation', json_build_object('batteryIdentifier', identifier, 'batteryModel', json_build_object('id', model, 'modelName', 'GMC WZX1'),
          'batteryMass', 450, 'batteryCategory', category, 'manufacturingDate', manufactured_on, 'manufacturingPlace', plant || ', Regensburg, Germany'),
        'materialComposition', json_build_object('batteryChemistry', chemistry, 'criticalRawMaterials', json_build_array('Lithium', 'Iron')),
        'carbonFootprint', json_build_object('totalCarbonFootprint', 850, 'measurementUnit', 'kg CO2e'))
      from made`
    for (const { definition } of indexes) await tx.unsafe(definition)
  })
  await sql`vacuum analyze passports.passports`
  await sql`vacuum analyze passports.versions`
  await sql`checkpoint`
}

/** Ids of `owner`'s passports, spread over all of them. */
export async function someIds(sql: Pool, owner: string, count: number): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`
    select id from passports.passports where owner_id = ${owner} order by md5(id::text) limit ${count}`
  return rows.map(({ id }) => id)
}
