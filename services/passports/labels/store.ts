import type { Db } from '#kernel'

/** What a label is of. */
export interface Labelled {
  readonly id: string
  readonly identifier: string | null
  readonly serial: string | null
}

/** Batteries of an owner, but models, which bear no code: these in their order, or those that begin with a passport. */
export async function labelled(
  db: Db,
  ownerId: string,
  of: { readonly ids: readonly string[] } | { readonly parentId: string; readonly after?: string },
  limit: number,
): Promise<Labelled[]> {
  if ('ids' in of)
    return await db<Labelled[]>`
      select p.id, coalesce(identifier_whole, identifier) as identifier, serial
      from unnest(${of.ids as string[]}::uuid[]) with ordinality asked (id, place) join passports p using (id)
      where owner_id = ${ownerId} and granularity <> 'model' order by place limit ${limit}`
  return await db<Labelled[]>`
    select id, coalesce(identifier_whole, identifier) as identifier, serial from passports
    where parent_id = ${of.parentId} and owner_id = ${ownerId} and granularity = 'item'
      and id > ${of.after ?? '00000000-0000-0000-0000-000000000000'}
    order by id limit ${limit}`
}
