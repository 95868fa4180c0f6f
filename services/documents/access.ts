import { getPassportAccess, getPassportTiers } from '#contracts/passports'
import type { Owner } from '#contracts/shared'
import { authorise, mayRead, Problem, type Actor, type Tx } from '#kernel'
import { openDocuments, reachOf, seesDocument, type Audience, type OpenDocuments } from '#law'
import type { Document } from './documents.ts'
import type { DocumentsHost } from './host.ts'
import { findDocument, lockDocument, lockPassport, movedTo } from './store.ts'

const orUndefined = (error: unknown): undefined => {
  if (error instanceof Problem && error.kind === 'not_found') return undefined
  throw error
}

/** Whose a passport is and who reads it; undefined for one that is not there. */
export const accessOf = (host: DocumentsHost, passportId: string) =>
  host.ask(getPassportAccess, { passportId }).catch(orUndefined)

/** As whom somebody reads what belongs to a passport. */
export interface Tier {
  readonly audiences: readonly Audience[]
  readonly category: string | null
  readonly asAdmin: boolean
  /** When that ends, where it was lent for a time. */
  readonly until?: string
}

/** As whom who asks reads the documents of a passport; undefined for nothing of it, as of one that is not there. */
export async function tierOf(
  host: DocumentsHost,
  reader: Actor | undefined,
  passportId: string,
): Promise<Tier | undefined> {
  const tiers = await host
    .ask(getPassportTiers, { passportId, reader: reader ? readerOf(reader) : null })
    .catch(orUndefined)
  return tiers && tiers.audiences.length > 0 ? tiers : undefined
}

const readerOf = ({ userId, role, organisation }: Actor) => ({
  userId,
  role,
  ...(organisation && { organisation: { id: organisation.id, role: organisation.role } }),
})

/** Whether somebody reads all documents of a passport, as its owner does. */
export const readsAll = ({ audiences }: Tier): boolean => audiences.includes('owner')

/** Which documents of a passport somebody of this tier sees, for a query; undefined for all. */
export const openTo = (tier: Tier, now: Date): OpenDocuments | undefined =>
  readsAll(tier) ? undefined : openDocuments(reachOf(...tier.audiences), tier.category, dayOf(now))

const dayOf = (at: Date): string => at.toISOString().slice(0, 10)

/** Nobody but its owner is told of a file that nobody may have. */
const isReleased = ({ scan }: Document): boolean => scan === 'off' || scan === 'clean'

const sees = (tier: Tier, document: Document, now: Date): boolean =>
  readsAll(tier) ||
  (isReleased(document) && seesDocument(reachOf(...tier.audiences), document, tier.category, dayOf(now)))

/** A document, and as whom it is read: no tier for who owns it. */
export interface Read {
  readonly document: Document
  readonly tier?: Tier
}

/**
 * The document for one who may read it: as its owner, or by the point of Annex XIII that it stands at. Fails with
 * `document_unknown`; for somebody without a token with `token_missing`, as signing in may open more.
 */
export async function readable(host: DocumentsHost, reader: Actor | undefined, docId: string): Promise<Read> {
  const document = await findDocument(host.db, docId)
  if (document && reader && mayRead(reader, document) && !isInPlace(reader, document)) return { document }
  // What is not there is asked for too, so that it takes as long as what is not for who asks.
  const tier = await tierOf(host, reader, document?.passportId ?? docId)
  if (document && reader && mayRead(reader, document)) return { document, ...(document.passportId && tier && { tier }) }
  if (document?.passportId && tier && sees(tier, document, host.now())) return { document, tier }
  throw reader
    ? new Problem('not_found', 'document_unknown')
    : new Problem('unauthenticated', 'token_missing', {
        detail: 'Nothing of this is public. Sign in and send the access token as "Authorization: Bearer …".',
      })
}

/** An admin in the place of the owner of a passport's document, which is noted. */
const isInPlace = (reader: Actor, document: Document): boolean =>
  document.passportId !== null && reader.role === 'admin' && !mayRead({ ...reader, role: 'user' }, document)

/** The document for one who may change it, locked; who reads it alone learns that it is there. */
export async function editable(tx: Tx, actor: Actor, readers: readonly Owner[], docId: string): Promise<Document> {
  const document = await lockDocument(tx, docId)
  authorise(actor, 'write', document && { owner: document.owner, readers }, 'document_unknown')
  return document!
}

/** Who beside its owner reads a document, of whom only who asks matters here. */
export async function readersFor(
  host: DocumentsHost,
  actor: Actor,
  docId: string,
  document: Document | undefined,
): Promise<readonly Owner[]> {
  if (document && mayRead(actor, document)) return []
  const tier = await tierOf(host, actor, document?.passportId ?? docId)
  const isSeen = document?.passportId && tier && sees(tier, document, host.now())
  return isSeen ? [{ kind: 'person', id: actor.userId }] : []
}

/** Who owns what is attached to the passport. Fails with `passport_unknown`, and for one who may only read it. */
export async function ownerByPassport(host: DocumentsHost, actor: Actor, passportId: string): Promise<Owner> {
  const access = await accessOf(host, passportId)
  authorise(actor, 'write', access, 'passport_unknown')
  return access!.owner
}

/** Whose the passport is now, if it has moved since `owner` was asked for. Fails with `passport_unknown` for one gone. */
export async function ownerNow(tx: Tx, passportId: string, owner: Owner): Promise<Owner> {
  if (!(await lockPassport(tx, passportId))) throw new Problem('not_found', 'passport_unknown')
  return (await movedTo(tx, passportId)) ?? owner
}

/**
 * Refuses with `document_kept` to take away, or to put another file in the place of, what belongs to a passport that is
 * published or archived.
 */
export async function requireReplaceable(host: DocumentsHost, document: Document | undefined): Promise<void> {
  // One whose file was harmful has no content to keep.
  if (!document?.passportId || document.scan === 'infected') return
  const status = (await accessOf(host, document.passportId))?.status ?? 'draft'
  if (status !== 'draft')
    throw new Problem('conflict', 'document_kept', {
      detail:
        `The passport of this document is ${status}, and keeps what it was ${status} with: its content stays available ` +
        'until the battery has been recycled (Regulation (EU) 2023/1542, Art. 77(4) and (8)). Add a further document.',
      passportId: document.passportId,
    })
}
