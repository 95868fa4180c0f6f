import { notePassportReading } from '#contracts/passports'
import type { Actor } from '#kernel'
import type { Tier } from './access.ts'
import type { DocumentsHost } from './host.ts'

/**
 * Has the passport's access log note who is about to read what the public may not, and waits until that stands. What the
 * owner reads, and what is open to everybody, is nobody's business.
 */
export async function noteReading(
  { ask }: DocumentsHost,
  { passportId, docId }: { passportId: string; docId?: string },
  reader: Actor | undefined,
  tier: Tier | undefined,
  route: string,
): Promise<void> {
  const audience = tier && audienceOf(tier)
  if (!reader || !audience) return
  const [readerId, organisationId] = [reader.userId, reader.organisation?.id ?? null]
  await ask(notePassportReading, { passportId, docId: docId ?? null, readerId, organisationId, audience, route })
}

function audienceOf({ audiences, asAdmin }: Tier): 'admin' | 'authority' | 'interest' | 'both' | undefined {
  if (asAdmin) return 'admin'
  if (audiences.includes('owner')) return undefined
  const special = audiences.filter(one => one === 'authority' || one === 'interest')
  return special.length > 1 ? 'both' : special[0]
}

interface Former {
  id: string
  passportId: string
  docId: string | null
  readerId: string
  organisationId: string | null
  audience: 'authority'
  route: string
  at: Date
}

/** Hands what was noted here by versions before over to the access log, in the order in which it was read. */
export async function handOverReadings({ db, ask }: DocumentsHost): Promise<void> {
  const former = await db<Former[]>`
    select id, passport_id as "passportId", doc_id as "docId", reader_id as "readerId",
      organisation_id as "organisationId", audience, route, at
    from readings order by readings.id limit 1000`
  for (const { id, at, ...reading } of former) {
    await ask(notePassportReading, { ...reading, at: at.toISOString() })
    await db.transaction(tx => tx`delete from readings where id = ${id}`)
  }
}
