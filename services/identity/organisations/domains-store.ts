import { type Db, fail, Problem, type Tx, violates } from '#kernel'

/** A domain of addresses that an organisation says is its own. */
export interface Domain {
  domain: string
  /** What its record in DNS has to say. */
  token: string
  createdAt: Date
  verifiedAt: Date | null
}

const columns = (db: Db) => db`domain, token, created_at as "createdAt", verified_at as "verifiedAt"`

export const listDomains = (db: Db, organisationId: string): Promise<Domain[]> => db<Domain[]>`
  select ${columns(db)} from organisation_domains where organisation_id = ${organisationId} order by domain`

/** Fails with `domain_unknown`. */
export async function findDomain(db: Db, organisationId: string, domain: string): Promise<Domain> {
  const [row] = await db<Domain[]>`
    select ${columns(db)} from organisation_domains where organisation_id = ${organisationId} and domain = ${domain}`
  return row ?? fail('not_found', 'domain_unknown')
}

/** The one that is there stays. */
export async function insertDomain(tx: Tx, organisationId: string, d: Domain): Promise<void> {
  await tx`
    insert into organisation_domains (organisation_id, domain, token, created_at)
    values (${organisationId}, ${d.domain}, ${d.token}, ${d.createdAt}) on conflict do nothing`
}

/** Fails with `domain_taken`: a domain is one organisation's, whoever was there first. */
export async function verifyDomain(tx: Tx, organisationId: string, domain: string, now: Date): Promise<Domain> {
  try {
    const [row] = await tx<Domain[]>`
      update organisation_domains set verified_at = coalesce(verified_at, ${now})
      where organisation_id = ${organisationId} and domain = ${domain} returning ${columns(tx)}`
    return row ?? fail('not_found', 'domain_unknown')
  } catch (error) {
    if (!violates(error, 'organisation_domains_verified')) throw error
    throw new Problem('conflict', 'domain_taken', { detail: `Another organisation has verified ${domain}.` })
  }
}

export async function deleteDomain(tx: Tx, organisationId: string, domain: string): Promise<boolean> {
  const [row] = await tx`
    delete from organisation_domains where organisation_id = ${organisationId} and domain = ${domain} returning domain`
  return row !== undefined
}

export const verifiedDomainsOf = async (db: Db, organisationId: string): Promise<string[]> =>
  (
    await db<{ domain: string }[]>`
      select domain from organisation_domains where organisation_id = ${organisationId} and verified_at is not null`
  ).map(({ domain }) => domain)
