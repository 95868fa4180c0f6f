import type { Db } from '#kernel'

/** What a label is of. */
export interface Labelled {
  readonly id: string
  readonly identifier: string | null
  readonly serial: string | null
}

/**
 * Batteries of an owner, but models, which bear no code: these in their order, those that begin with a passport, or those that
 * an import made.
 */
export async function labelled(
  db: Db,
  ownerId: string,
  of:
    | { readonly ids: readonly string[] }
    | { readonly parentId: string; readonly after?: string | undefined }
    | { readonly importId: string; readonly after?: string | undefined },
  limit: number,
): Promise<Labelled[]> {
  if ('ids' in of)
    return await db<Labelled[]>`
      select p.id, coalesce(identifier_whole, identifier) as identifier, serial
      from unnest(${of.ids as string[]}::uuid[]) with ordinality asked (id, place) join passports p using (id)
      where owner_id = ${ownerId} and granularity <> 'model' order by place limit ${limit}`
  const among =
    'parentId' in of
      ? db`parent_id = ${of.parentId} and granularity = 'item'`
      : db`id in (select key from import_made where import_id = ${of.importId}) and granularity <> 'model'`
  return await db<Labelled[]>`
    select id, coalesce(identifier_whole, identifier) as identifier, serial from passports
    where ${among} and owner_id = ${ownerId} and id > ${of.after ?? '00000000-0000-0000-0000-000000000000'}
    order by id limit ${limit}`
}
