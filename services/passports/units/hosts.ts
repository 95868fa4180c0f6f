import { getOrganisation } from '#contracts/identity'
import type { Owner } from '#contracts/shared'
import { Problem } from '#kernel'
import type { PassportsHost } from '../host.ts'
import { dropHost, listHosts } from './settings-store.ts'

type Asking = Pick<PassportsHost, 'ask'>

/** A name of DNS with a dot in it, as `passports.voltaic.example`. */
const name = /^(?=.{3,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/

const isBelow = (host: string, domain: string): boolean => host === domain || host.endsWith(`.${domain}`)

/** Whether an organisation has proven the domain of a host; undefined where nobody can say. */
async function isProven({ ask }: Asking, organisationId: string, host: string): Promise<boolean | undefined> {
  try {
    const { domains } = await ask(getOrganisation, { organisationId })
    return domains?.some(domain => isBelow(host, domain))
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    return error.kind === 'not_found' ? false : undefined
  }
}

/** The host as links name it. Fails with `host_unproven` where it is not shown that it is the owner's. */
export async function ownHost(asking: Asking, owner: Owner, given: string): Promise<string> {
  const host = given.trim().toLowerCase()
  const isTheirs = name.test(host) && owner.kind === 'organisation' ? await isProven(asking, owner.id, host) : false
  if (isTheirs === undefined)
    throw new Problem('unavailable', 'service_unavailable', {
      detail: 'Whose the host is cannot be told now. Try again.',
    })
  if (isTheirs) return host
  throw new Problem('conflict', 'host_unproven', {
    detail:
      'Links name a host of an organisation’s own once it has proven its domain, or one above it, by a record in DNS: ' +
      'POST /api/auth/organisations/:id/domains, and then …/verify.',
    errors: [{ pointer: '/publicHost', detail: 'must be proven, as passports.voltaic.example' }],
  })
}

/** Takes hosts out of links whose domain is proven no more; what was printed opens as long as the host leads here. */
export function watchHosts(host: PassportsHost): () => Promise<void> {
  const { db, log } = host
  const look = async (): Promise<void> => {
    for (const { ownerId, publicHost } of await listHosts(db))
      if ((await isProven(host, ownerId, publicHost)) === false) {
        await db.transaction(tx => dropHost(tx, ownerId, publicHost))
        log.warn({ ownerId, publicHost }, 'a public host of passports is proven no more: their links name PUBLIC_URL')
      }
  }
  host.every('1 hour', 'see whether public hosts of passports are still proven', look)
  return look
}
