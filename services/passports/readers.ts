import type { Owner } from '#contracts/shared'
import type { Db, Tx } from '#kernel'

/** Somebody a passport was opened to: by their id, or by an address, whoever has it. */
export interface Reader {
  readonly id: string
  readonly kind: Owner['kind'] | 'address'
  readonly email?: string
  /** Said where they read less than the owner does. */
  readonly audience?: 'interest'
  /** Of Art. 77(2), for which they read by their interest. */
  readonly purpose?: string
  readonly until?: Date
  readonly since: Date
}

/** As what somebody reads whom the owner names: as themselves, or by their legitimate interest until a day. */
export interface Lent {
  readonly audience: 'owner' | 'interest'
  readonly until: Date | null
  /** Of an interest, as far as it is known. */
  readonly purpose?: string | null
}
export const asOwner: Lent = { audience: 'owner', until: null }

/** An address a passport was opened to. */
export interface Addressed {
  readonly id: string
  readonly passportId: string
  readonly email: string
  readonly invitedBy: string
  readonly since: Date
}

/** As their owner wrote them, in the order of their ids, up to `limit`, after the id `after`. */
export async function listReaders(db: Db, id: string, limit: number, after: string | undefined): Promise<Reader[]> {
  const beyond = after ?? '00000000-0000-0000-0000-000000000000'
  const rows = await db<(Omit<Reader, 'audience' | 'until' | 'purpose'> & { email: string | null } & Required<Lent>)[]>`
    (select kind, reader_id as id, null as email, since, audience, until_at as until, purpose from readers
      where passport_id = ${id} and by_id and reader_id > ${beyond} order by reader_id limit ${limit})
    union all
    (select 'address', id, email, since, 'owner', null, null from addressed_readers
      where passport_id = ${id} and id > ${beyond} order by id limit ${limit})
    order by id limit ${limit}`
  return rows.map(({ email, audience, until, purpose, ...reader }) => ({
    ...reader,
    ...(email !== null && { email }),
    ...(audience === 'interest' && { audience, ...(purpose && { purpose }) }),
    ...(until && { until }),
  }))
}

/** How many times a passport was shared, whoever reads it by that. */
export async function countReaders(tx: Tx, id: string): Promise<number> {
  const [row] = await tx<{ count: number }[]>`
    select (select count(*) from readers where passport_id = ${id} and by_id)::int
      + (select count(*) from addressed_readers where passport_id = ${id})::int as count`
  return row!.count
}

/** Whether that was new: they may have been a reader of that kind by their id already, as the same. */
export async function insertReader(
  tx: Tx,
  id: string,
  reader: Owner,
  since: Date,
  { audience, until, purpose = null }: Lent = asOwner,
): Promise<boolean> {
  const changed = await tx`
    insert into readers as r (passport_id, reader_id, kind, since, audience, until_at, purpose)
    values (${id}, ${reader.id}, ${reader.kind}, ${since}, ${audience}, ${until}, ${purpose})
    on conflict (passport_id, reader_id) do update
      set kind = excluded.kind, by_id = true, audience = excluded.audience, until_at = excluded.until_at,
        purpose = excluded.purpose, request_id = null, named = null
      where (r.kind, r.audience, r.until_at, r.purpose) is distinct from
          (excluded.kind, excluded.audience, excluded.until_at, excluded.purpose)
        or not r.by_id or r.request_id is not null
    returning reader_id`
  return changed.length > 0
}

/** An interest that was asked for, and given until a time. */
export interface Given {
  readonly requestId: string
  readonly purpose: string
  readonly until: Date
}

/**
 * Lets somebody read by an interest that they asked for; whether that was new. Whoever reads all of it, or as much for
 * longer, goes on doing that instead.
 */
export async function insertGiven(
  tx: Tx,
  id: string,
  reader: Owner,
  since: Date,
  { requestId, purpose, until }: Given,
): Promise<boolean> {
  const changed = await tx`
    insert into readers as r (passport_id, reader_id, kind, since, audience, until_at, purpose, request_id)
    values (${id}, ${reader.id}, ${reader.kind}, ${since}, 'interest', ${until}, ${purpose}, ${requestId})
    on conflict (passport_id, reader_id) do update
      set kind = excluded.kind, by_id = true, audience = excluded.audience, until_at = excluded.until_at,
        purpose = excluded.purpose, request_id = excluded.request_id
      where r.until_at <= ${since} or (r.audience = 'interest' and r.until_at <= excluded.until_at)
    returning reader_id`
  return changed.length > 0
}

/** Ends what a request opened, and that alone; whether it stood. */
export async function deleteGiven(tx: Tx, id: string, requestId: string): Promise<boolean> {
  const deleted = await tx`
    delete from readers where passport_id = ${id} and request_id = ${requestId} returning reader_id`
  await tx`
    update readers set by_id = false, named = null
    where passport_id = ${id} and named->>'requestId' = ${requestId}`
  return deleted.length > 0
}

/** Lets somebody read by their interest for good; whoever reads all of it for good still does. Whether that was new. */
export async function insertInterested(
  tx: Tx,
  id: string,
  reader: Owner,
  since: Date,
  purpose: string,
): Promise<boolean> {
  const changed = await tx`
    insert into readers as r (passport_id, reader_id, kind, since, audience, purpose)
    values (${id}, ${reader.id}, ${reader.kind}, ${since}, 'interest', ${purpose})
    on conflict (passport_id, reader_id) do update
      set until_at = null, by_id = true, request_id = null,
        named = case when r.by_id then r.named
          else json_build_object('audience', excluded.audience, 'purpose', excluded.purpose) end,
        audience = case when r.until_at is null then r.audience else excluded.audience end,
        purpose = case when r.until_at is null and r.audience = 'owner' then null else excluded.purpose end
      where r.until_at is not null or not r.by_id
    returning reader_id`
  return changed.length > 0
}

/** Who was let in by their interest, and reads a passport still at a time. */
export async function listInterested(tx: Tx, id: string, at: Date): Promise<Owner[]> {
  return await tx<Owner[]>`
    select kind, reader_id as id from readers
    where passport_id = ${id} and audience = 'interest' and (until_at is null or until_at > ${at})
    order by reader_id`
}

/** Whose reading by their id ended, and as what they read; undefined when there was none. An address of theirs lets them in still. */
export async function deleteReader(
  tx: Tx,
  id: string,
  readerId: string,
): Promise<{ reader: Owner; audience: Lent['audience'] } | undefined> {
  const [row] = await tx<(Owner & Pick<Lent, 'audience'>)[]>`
    update readers set by_id = false, named = null where passport_id = ${id} and reader_id = ${readerId} and by_id
    returning kind, reader_id as id, audience`
  await dropUnfounded(tx, id, readerId)
  return row && { reader: { kind: row.kind, id: row.id }, audience: row.audience }
}

/** The address as it stands now, and whether it was there before. */
export async function insertAddressed(tx: Tx, one: Addressed): Promise<{ reader: Reader; isNew: boolean }> {
  const [row] = await tx<{ id: string; since: Date }[]>`
    insert into addressed_readers (id, passport_id, email, invited_by, since)
    values (${one.id}, ${one.passportId}, ${one.email}, ${one.invitedBy}, ${one.since})
    on conflict (passport_id, email) do update set email = excluded.email returning id, since`
  return { reader: { kind: 'address', email: one.email, ...row! }, isNew: row!.id === one.id }
}

export async function findAddressed(db: Db, id: string): Promise<Addressed | undefined> {
  const [row] = await db<Addressed[]>`
    select id, passport_id as "passportId", email, invited_by as "invitedBy", since
    from addressed_readers where id = ${id} and reader_id is null and invited_at is null`
  return row
}

/**
 * Notes that an address is invited, written as identity does; false when somebody has it by now, or the passport is
 * shared with it as that.
 */
export async function markInvited(tx: Tx, id: string, email: string, at: Date): Promise<boolean> {
  const invited = await tx`
    update addressed_readers a set email = ${email}, invited_at = ${at}
    where id = ${id} and reader_id is null and invited_at is null
      and not exists (
        select from addressed_readers other
        where other.passport_id = a.passport_id and other.email = ${email} and other.id <> a.id)
    returning id`
  return invited.length > 0
}

/** Of these addresses, which wait for whoever proves one. */
export async function listWaiting(db: Db, email: string): Promise<Addressed[]> {
  return await db<Addressed[]>`
    select id, passport_id as "passportId", email, invited_by as "invitedBy", since
    from addressed_readers where email = ${email} and reader_id is null`
}

/** Lets a person read by an address of theirs; whether they could not before. */
export async function openTo(tx: Tx, { id, passportId, since }: Addressed, userId: string): Promise<boolean> {
  const [opened] = await tx`
    update addressed_readers set reader_id = ${userId} where id = ${id} and reader_id is null returning id`
  if (!opened) return false
  const inserted = await tx`
    insert into readers as r (passport_id, reader_id, kind, since, by_id)
    values (${passportId}, ${userId}, 'person', ${since}, false)
    on conflict (passport_id, reader_id) do update
      set audience = 'owner', until_at = null, purpose = null, request_id = null,
        named = json_build_object('audience', r.audience, 'until', r.until_at, 'purpose', r.purpose,
          'requestId', r.request_id)
      where r.audience <> 'owner' or r.until_at is not null
    returning reader_id`
  return inserted.length > 0
}

/**
 * Takes an address back; who read by it alone, if anybody did. Who may read less by their id reads that again. Undefined
 * when it was not there.
 */
export async function deleteAddressed(
  tx: Tx,
  passportId: string,
  id: string,
): Promise<{ reader: Owner | null } | undefined> {
  const [row] = await tx<{ readerId: string | null }[]>`
    delete from addressed_readers where passport_id = ${passportId} and id = ${id} returning reader_id as "readerId"`
  if (!row) return undefined
  const shut = row.readerId !== null && (await dropUnfounded(tx, passportId, row.readerId))
  return { reader: shut ? { kind: 'person', id: row.readerId! } : null }
}

/** Who is a reader neither by id nor by an address is none, and who is one by id alone reads what that opens; whether they are none now. */
async function dropUnfounded(tx: Tx, passportId: string, readerId: string): Promise<boolean> {
  const unfounded = tx`
    passport_id = ${passportId} and reader_id = ${readerId} and not exists (
      select from addressed_readers a where a.passport_id = r.passport_id and a.reader_id = r.reader_id)`
  await tx`
    update readers r set audience = named->>'audience', until_at = (named->>'until')::timestamptz,
      purpose = named->>'purpose', request_id = (named->>'requestId')::uuid, named = null
    where ${unfounded} and by_id and named is not null`
  const dropped = await tx`delete from readers r where ${unfounded} and not by_id returning reader_id`
  return dropped.length > 0
}
