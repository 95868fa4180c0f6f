import { TermsAnnounced } from '#contracts/identity'
import type { Tx } from '#kernel'
import type { IdentityHost } from '../host.ts'
import { announceNext } from './store.ts'
import { titlesOf, type WholeTerms } from './terms.ts'

const atOnce = 500

/** Tells one person of a version before it holds. */
export async function announceTo(tx: Tx<'identity'>, userId: string, terms: WholeTerms): Promise<void> {
  const { id: termsId, key, kind, version, effectiveAt, texts } = terms
  const about = { termsId, key, kind, version, effectiveAt: effectiveAt.toISOString(), titles: titlesOf(texts) }
  await tx.publish(TermsAnnounced, { userId, ...about })
}

/**
 * The job that tells those of a version who agreed to one before it: as many as there are, in transactions that each say
 * how far it is, so that one that begins anew tells nobody twice.
 */
export const openAnnouncing = (host: IdentityHost) =>
  host.job(
    'announce terms',
    async ({ termsId }: { termsId: string }) => {
      const next = () =>
        host.db.transaction(async tx => {
          const told = await announceNext(tx, termsId, host.now(), atOnce)
          for (const userId of told?.userIds ?? []) await announceTo(tx, userId, told!.terms)
          return told?.userIds.length === atOnce
        })
      while (await next());
    },
    { urgency: 'bulk' },
  )
