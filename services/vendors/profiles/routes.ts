import Type from 'typebox'
import { getDocumentFile } from '#contracts/documents'
import { getSeller } from '#contracts/orders'
import { Id } from '#contracts/shared'
import { VendorRegistered, VendorSubmitted, VendorUpdated } from '#contracts/vendors'
import {
  openSwitches,
  anyone,
  isId,
  isInstant,
  notModified,
  ownerFor,
  partiesOf,
  Problem,
  requireMatch,
  signedIn,
  listRoutes,
  createdIn,
  type Actor,
  type Tx,
  type Visitor,
} from '#kernel'
import type { VendorsHost } from '../host.ts'
import { checkedIban, isOtherAccount, noteAccount, requireProven } from './account.ts'
import { Body, ownView, OwnView, publicView, PublicView, requireComplete, told } from './profile.ts'
import {
  figuresFor,
  figuresOf,
  findProfile,
  isFree,
  listProfiles,
  lockProfile,
  takeSlug,
  writeProfile,
  type Profile,
} from './store.ts'

const config = { access: signedIn }

/** The vendor that somebody is: the organisation they act for, else themselves. */
export const vendorIdOf = (actor: Actor): string => actor.organisation?.id ?? actor.userId

/** As its own people and admins see it. */
export const showOwn = async ({ ask, db }: Pick<VendorsHost, 'ask' | 'db'>, vendor: Profile) => {
  const [figures, { known }] = await Promise.all([figuresOf(db, vendor.id), ask(getSeller, { ownerId: vendor.id })])
  return ownView(vendor, figures, known)
}

/** Who sells: what they say of themselves, and what is still missing before they may. */
export function profileRoutes(host: VendorsHost): void {
  const { ask, db, http, now } = host
  const requireOn = openSwitches(host)

  http.get(
    '/profile',
    {
      config,
      schema: {
        summary: 'The vendor that one is, with what is still missing before one may sell',
        description: 'Of the organisation one acts for, else of oneself.',
        gives: ['ETag'],
        refuses: ['vendor_unknown'],
        response: { 200: OwnView },
      },
    },
    async ({ actor }, reply) => {
      const found = await findProfile(db, vendorIdOf(actor))
      if (!found) throw new Problem('not_found', 'vendor_unknown')
      return reply.header('etag', `"${found.version}"`).send(await showOwn(host, found))
    },
  )

  http.put(
    '/profile',
    {
      config,
      schema: {
        summary: 'Register as a vendor, or change what one says of oneself',
        description:
          'What is left out is taken away, but the name in addresses, the documents, the account, and the terms that were ' +
          'accepted. Who has been let in to sell stays so. Where earnings go to an account already, another one, or none ' +
          '(`null`), needs a proof of the last five minutes that it is an owner or admin who says so; the vendor is told.',
        honours: ['If-Match'],
        gives: ['ETag'],
        refuses: [
          'editor_required',
          'account_manager_required',
          'fresh_sign_in_required',
          'slug_taken',
          'iban_invalid',
          'evidence_unknown',
          'vendor_closed',
        ],
        body: Body,
        response: { 200: OwnView },
      },
    },
    async (request, reply) => {
      const { actor, body } = request
      // The account that they are paid into is a part of it.
      if (actor.actedBy) throw new Problem('forbidden', 'acting_for_another')
      await requireDocuments(actor, body, await findProfile(db, ownerFor(actor).id))
      const vendor = await db.transaction(tx =>
        write(tx, actor, body, now(), version => requireMatch(request, version)),
      )
      return reply.header('etag', `"${vendor.version}"`).send(await showOwn(host, vendor))
    },
  )

  /** Fails with `evidence_unknown` where a document is not theirs; what was there before is not asked for again. */
  async function requireDocuments(
    actor: Actor,
    { evidence = [], avatarId }: Body,
    before: Profile | undefined,
  ): Promise<void> {
    const known = new Set([...(before?.evidence ?? []), before?.avatarId])
    const fresh = [...evidence, ...(avatarId ? [avatarId] : [])].filter(id => !known.has(id))
    const states = await Promise.all(fresh.map(docId => ask(getDocumentFile, { docId })))
    // Whether there is one of somebody else is nobody's business.
    const wrong = states.findIndex(
      ({ state, owner }) =>
        state === 'unknown' || state === 'infected' || (owner && !partiesOf(actor).includes(owner.id)),
    )
    if (wrong < 0) return
    const pointer = fresh[wrong] === avatarId ? '/avatarId' : `/evidence/${evidence.indexOf(fresh[wrong]!)}`
    throw new Problem('unprocessable', 'evidence_unknown', {
      errors: [{ pointer, detail: 'is no document of yours that can be shown' }],
    })
  }

  http.post(
    '/profile/submit',
    {
      config,
      schema: {
        summary: 'Ask to be let in to sell',
        description: 'Once the checklist is done; an admin decides.',
        refuses: ['vendor_unknown', 'editor_required', 'feature_off', 'onboarding_incomplete', 'vendor_state'],
        response: { 200: OwnView },
      },
    },
    async ({ actor }) => {
      const { id } = ownerFor(actor)
      await requireOn('vendors.registration', actor)
      const { known } = await ask(getSeller, { ownerId: id })
      const vendor = await db.transaction(async tx => {
        const there = await lockProfile(tx, id)
        if (!there) throw new Problem('not_found', 'vendor_unknown')
        if (there.status !== 'draft' && there.status !== 'rejected')
          throw new Problem('conflict', 'vendor_state', { status: there.status })
        requireComplete(there, known)
        const next = { ...there, status: 'pending' as const, submittedAt: now(), version: there.version + 1 }
        await writeProfile(tx, next)
        await tx.publish(VendorUpdated, told(next))
        await tx.publish(VendorSubmitted, told(next))
        return next
      })
      return await showOwn(host, vendor)
    },
  )

  listRoutes(http, db, '/', {
    config: { access: anyone },
    schema: {
      summary: 'Who sells here, in the order in which they came',
      of: 'vendors',
      filters: {},
      item: PublicView,
    },
    wanted: ({ query }) => createdIn(query),
    rows: (created, limit, after) => listProfiles(db, { status: 'active', created }, limit, after),
    order: [isInstant, isId],
    keysOf: ({ createdAt, id }) => [createdAt.toISOString(), id],
    views: async rows => {
      const ids = rows.map(({ id }) => id)
      const shown = await figuresFor(db, ids)
      return rows.map(one => publicView(one, shown.get(one.id)!))
    },
  })

  http.get(
    '/:id',
    {
      config: { access: anyone },
      schema: {
        summary: 'A vendor, as everybody sees it',
        honours: ['If-None-Match'],
        refuses: ['vendor_unknown'],
        params: Type.Object({ id: Id }),
        response: { 200: PublicView },
      },
    },
    async (request, reply) => {
      const found = await findProfile(db, request.params.id)
      if (found?.status !== 'active') throw new Problem('not_found', 'vendor_unknown')
      const figures = await figuresOf(db, found.id)
      const tag = `${found.version}-${figures.productsCount}-${figures.averageRating ?? 'none'}`
      return notModified(request, reply, tag) ? reply.send() : publicView(found, figures)
    },
  )
}

/**
 * What somebody says of the vendor they are, new or changed. Fails with `slug_taken`, `iban_invalid`, `vendor_closed`,
 * `account_manager_required`, `fresh_sign_in_required`.
 */
async function write(
  tx: Tx<'vendors'>,
  actor: Visitor,
  body: Body,
  at: Date,
  matches: (version: number) => void,
): Promise<Profile> {
  const owner = ownerFor(actor)
  const there = await lockProfile(tx, owner.id)
  if (there?.status === 'closed') throw new Problem('conflict', 'vendor_closed')
  matches(there?.version ?? 0)
  const account = accountIn(body, there)
  if (there && there.iban !== null && isOtherAccount(there, account)) requireProven(actor, at)
  const slug = body.slug ?? there?.slug ?? (await freeSlug(tx, owner.id, body.name))
  const vendor: Profile = {
    id: owner.id,
    owner,
    applicantId: there?.applicantId ?? actor.userId,
    name: body.name,
    slug,
    description: body.description ?? '',
    email: body.email ?? null,
    phone: body.phone ?? null,
    website: body.website ?? null,
    avatarId: body.avatarId ?? null,
    ...account,
    evidence: body.evidence ?? there?.evidence ?? [],
    termsAt: there?.termsAt ?? (body.acceptTerms ? at : null),
    status: there?.status ?? 'draft',
    verified: there?.verified ?? false,
    reason: there?.reason ?? null,
    decidedBy: there?.decidedBy ?? null,
    decidedAt: there?.decidedAt ?? null,
    submittedAt: there?.submittedAt ?? null,
    version: (there?.version ?? 0) + 1,
    createdAt: there?.createdAt ?? at,
  }
  await writeProfile(tx, vendor)
  if (!(await takeSlug(tx, owner.id, slug)))
    throw new Problem('conflict', 'slug_taken', {
      errors: [{ pointer: '/slug', detail: 'is or was another vendor’s' }],
    })
  await noteAccount(tx, there, vendor, actor.userId, at)
  await tx.publish(there ? VendorUpdated : VendorRegistered, told(vendor))
  return vendor
}

/** What is left out stays: it is shown with its end alone, so that nobody could send it back. Fails with `iban_invalid`. */
const accountIn = ({ iban, accountHolder }: Body, there: Profile | undefined) => ({
  iban: iban === undefined ? (there?.iban ?? null) : iban && checkedIban(iban),
  accountHolder: accountHolder === undefined ? (there?.accountHolder ?? null) : accountHolder,
})

/** A name in addresses made of a name, with a number where somebody has it. */
async function freeSlug(tx: Tx, vendorId: string, name: string): Promise<string> {
  const letters = name.normalize('NFKD').toLowerCase().replaceAll('ß', 'ss').replace(/\p{M}/gu, '')
  const plain = (letters.match(/[a-z0-9]+/g) ?? ['vendor']).join('-').slice(0, 80).replace(/-+$/, '')
  for (let number = 1; ; number++) {
    const slug = number === 1 ? plain : `${plain}-${number}`
    if (await isFree(tx, vendorId, slug)) return slug
  }
}
