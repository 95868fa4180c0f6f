import { Resolver } from 'node:dns/promises'
import Type, { type Static } from 'typebox'
import { Id, Instant } from '#contracts/shared'
import { addressOf, fresh, Problem, signedIn, StartError, withRole } from '#kernel'
import type { IdentityHost } from '../host.ts'
import type { Identity } from '../identity.ts'
import { newSecret } from '../secrets.ts'
import { enterAsAdmin, guarded, requireAdmin } from './access.ts'
import { deleteDomain, type Domain, findDomain, insertDomain, listDomains, verifyDomain } from './domains-store.ts'
import { findOrganisation, touchOrganisation } from './store.ts'

const mostDomains = 50

const DomainView = Type.Object(
  {
    domain: Type.String({ examples: ['voltaic.example'] }),
    verified: Type.Boolean({ examples: [false] }),
    record: Type.Object(
      {
        type: Type.Literal('TXT'),
        name: Type.String({ examples: ['_ohmnibus.voltaic.example'] }),
        value: Type.String({ examples: ['ohmnibus-domain-verification=q3Jx0b8mUuRzv2c5wYt7hA'] }),
      },
      { description: 'What has to stand in DNS' },
    ),
    createdAt: Instant,
    verifiedAt: Type.Union([Instant, Type.Null()]),
  },
  { title: 'OrganisationDomain' },
)

const prefix = 'ohmnibus-domain-verification='
const recordOf = ({ domain, token }: Domain) =>
  ({ type: 'TXT', name: `_ohmnibus.${domain}`, value: `${prefix}${token}` }) as const

const domainView = (domain: Domain): Static<typeof DomainView> => ({
  domain: domain.domain,
  verified: domain.verifiedAt !== null,
  record: recordOf(domain),
  createdAt: domain.createdAt.toISOString(),
  verifiedAt: domain.verifiedAt?.toISOString() ?? null,
})

const Name = Type.String({ minLength: 3, maxLength: 253, examples: ['voltaic.example'] })
const ById = Type.Object({ id: Id })
const ByDomain = Type.Object({ id: Id, domain: Name })

/** As the host of an address is written. Fails with `request_invalid`. */
function domainIn(text: string): string {
  const domain = addressOf(`x@${text.trim()}`)?.slice(2)
  if (!domain || text.includes('@') || !domain.includes('.'))
    throw new Problem('invalid', 'request_invalid', {
      detail: '/domain must be the domain of addresses',
      errors: [{ pointer: '/domain', detail: 'must be the domain of addresses, like voltaic.example' }],
    })
  return domain
}

/** Reads records of DNS. Fails with `dns_unavailable`. */
function openDns({ settings }: IdentityHost) {
  const resolver = new Resolver({ timeout: 3000, tries: 2 })
  if (settings.DNS_SERVERS.length > 0)
    try {
      resolver.setServers(settings.DNS_SERVERS)
    } catch {
      throw new StartError('DNS_SERVERS: each is the address of a name server, like 10.0.0.53 or 10.0.0.53:5353.')
    }
  return async (name: string): Promise<string[]> => {
    try {
      return (await resolver.resolveTxt(name)).map(parts => parts.join(''))
    } catch (cause) {
      const { code } = cause as { code?: string }
      if (code === 'ENODATA' || code === 'ENOTFOUND') return []
      throw Object.assign(
        new Problem('unavailable', 'dns_unavailable', {
          detail: 'The name servers do not answer. Try again.',
          retryAfter: 10,
        }),
        { cause },
      )
    }
  }
}

/** Domains of addresses that an organisation has proven to be its own: it provisions accounts in no others. */
export function domainRoutes(identity: Identity): void {
  const { host } = identity
  const { db, http, now } = host
  const textsOf = openDns(host)

  http.get(
    '/organisations/:id/domains',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Domains of an organisation',
        refuses: guarded,
        params: ById,
        response: { 200: Type.Object({ items: Type.Array(DomainView) }, { title: 'OrganisationDomains' }) },
      },
    },
    async ({ actor, params: { id } }) => {
      await enterAsAdmin(db, actor, id)
      return { items: (await listDomains(db, id)).map(domainView) }
    },
  )

  http.post(
    '/organisations/:id/domains',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Say that a domain is the own of an organisation',
        description: 'The answer says what has to stand in DNS for it to be verified.',
        refuses: [...guarded, 'too_many_domains'],
        params: ById,
        body: Type.Object({ domain: Name }),
        response: { 201: DomainView },
      },
    },
    async ({ actor, params: { id }, body }, reply) => {
      await enterAsAdmin(db, actor, id)
      const domain = domainIn(body.domain)
      const made = await db.transaction(async tx => {
        await touchOrganisation(tx, id)
        await requireAdmin(tx, actor, id)
        if ((await listDomains(tx, id)).length >= mostDomains)
          throw new Problem('conflict', 'too_many_domains', { limit: mostDomains })
        await insertDomain(tx, id, { domain, token: newSecret(), createdAt: now(), verifiedAt: null })
        await host.acted(tx, actor, 'domain.added', id, { domain })
        return await findDomain(tx, id, domain)
      })
      return reply.code(201).send(domainView(made))
    },
  )

  http.post(
    '/organisations/:id/domains/:domain/verify',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Verify a domain by its record in DNS',
        refuses: [...guarded, 'domain_unknown', 'domain_unproven', 'domain_taken', 'dns_unavailable'],
        params: ByDomain,
        response: { 200: DomainView },
      },
    },
    async ({ actor, params: { id, domain: given } }) => {
      await enterAsAdmin(db, actor, id)
      const domain = await findDomain(db, id, domainIn(given))
      if (domain.verifiedAt) return domainView(domain)
      const { name, value } = recordOf(domain)
      if (!(await textsOf(name)).includes(value))
        throw new Problem('conflict', 'domain_unproven', {
          detail: `There is no TXT record ${name} that says ${value}. It may take an hour until a new one is seen.`,
        })
      const verified = await db.transaction(async tx => {
        const verified = await verifyDomain(tx, id, domain.domain, now())
        await host.acted(tx, actor, 'domain.verified', id, { domain: verified.domain })
        return verified
      })
      return domainView(verified)
    },
  )

  http.post(
    '/organisations/:id/domains/:domain/attest',
    {
      config: { access: fresh(withRole('admin'), '5 minutes') },
      schema: {
        summary: 'Say as an admin of the platform that a domain is the own of an organisation',
        description: 'Where DNS cannot be asked. Whose it is was looked at by other means.',
        refuses: ['organisation_unknown', 'domain_unknown', 'domain_taken'],
        params: ByDomain,
        response: { 200: DomainView },
      },
    },
    async ({ actor, params: { id, domain } }) => {
      if (!(await findOrganisation(db, id, actor.userId))) throw new Problem('not_found', 'organisation_unknown')
      const verified = await db.transaction(async tx => {
        const verified = await verifyDomain(tx, id, domainIn(domain), now())
        await host.acted(tx, actor, 'domain.attested', id, { domain: verified.domain })
        return verified
      })
      return domainView(verified)
    },
  )

  http.delete(
    '/organisations/:id/domains/:domain',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Give a domain of an organisation up',
        description: 'Nobody is provisioned in it any more. Who belongs to the organisation stays.',
        refuses: [...guarded, 'domain_unknown'],
        params: ByDomain,
        response: { 204: Type.Null() },
      },
    },
    async ({ actor, params: { id, domain } }, reply) => {
      await enterAsAdmin(db, actor, id)
      await db.transaction(async tx => {
        await touchOrganisation(tx, id)
        await requireAdmin(tx, actor, id)
        const gone = domainIn(domain)
        if (!(await deleteDomain(tx, id, gone))) throw new Problem('not_found', 'domain_unknown')
        await host.acted(tx, actor, 'domain.removed', id, { domain: gone })
      })
      return reply.code(204).send()
    },
  )
}
