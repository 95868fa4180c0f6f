import { createHash } from 'node:crypto'
import { SessionCharged, SessionCredited, TariffPublished, TariffWithdrawn } from '#contracts/billing'
import {
  BookingCancelled,
  BookingChanged,
  BookingFailed,
  BookingFulfilled,
  BookingMade,
  BookingMissed,
} from '#contracts/booking'
import { ArticleChanged, ArticlePublished, ArticleWithdrawn } from '#contracts/content'
import type { EventContract } from '#contracts/define'
import { DocumentDeleted, DocumentUploaded } from '#contracts/documents'
import {
  ActingBegan,
  ApiKeyCreated,
  ApiKeyRevoked,
  ClientChanged,
  ClientConsentGiven,
  ClientConsentWithdrawn,
  ClientRegistered,
  ClientRemoved,
  ClientSecretRotated,
  MemberChanged,
  MemberInvited,
  OrganisationCreated,
  OrganisationDeleted,
  OrganisationKindsChanged,
  ServiceAccountChanged,
  TermsAnswered,
  TermsPublished,
  TermsRetracted,
  UserDeleted,
  UserDisabled,
  UserEmailChanged,
  UserFactorsChanged,
  UserPasswordChanged,
  UserPasswordReset,
  UserRegistered,
  UserRoleChanged,
  UserSignedOut,
} from '#contracts/identity'
import { IncidentClosed, IncidentOpened, TicketChanged, TicketOpened } from '#contracts/maintenance'
import {
  CategoryCreated,
  CategoryDeleted,
  CategoryUpdated,
  ProductApproved,
  ProductCreated,
  ProductDeleted,
  ProductRejected,
  ProductUpdated,
  ReviewRemoved,
  TaxClassChanged,
} from '#contracts/marketplace'
import { ChargerConnected, ChargerDisconnected, ChargerRegistered, ChargerRemoved } from '#contracts/ocpp'
import {
  OrderCancelled,
  OrderCompleted,
  OrderCreated,
  OrderRefunded,
  PaymentSucceeded,
  RefundFailed,
} from '#contracts/orders'
import {
  PassportCreated,
  PassportDeleted,
  PassportMoved,
  PassportSerialised,
  PassportStatusChanged,
} from '#contracts/passports'
import { SessionCorrected, SessionEnded, SessionStarted } from '#contracts/sessions'
import { StationCreated, StationDeleted, StationUpdated } from '#contracts/stations'
import {
  CommissionRuleChanged,
  PayoutFailed,
  PayoutPaid,
  PayoutRequested,
  VendorApproved,
  VendorReinstated,
  VendorRejected,
  VendorRegistered,
  VendorSuspended,
  VendorUpdated,
} from '#contracts/vendors'
import type { Delivered } from '#kernel'
import { noteAll } from '../audit/store.ts'
import type { AdminHost } from '../host.ts'
import { forGood, tell, type Told } from './things.ts'

/** Chargers are known by names. */
const idOf = (name: string): string =>
  createHash('md5')
    .update(name)
    .digest('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')

/** What of an event is counted, and which of its fields stand in the audit log where an admin did it. */
interface Following<E extends EventContract> {
  readonly counts?: (event: Delivered<E>) => Omit<Told, 'at'> | readonly Omit<Told, 'at'>[]
  readonly notes?: readonly (string & keyof Delivered<E>)[]
  /** An act on an account is written down whoever did it. */
  readonly ofAnybody?: true
}

/** What the whole platform tells: counted, and written down where an admin did it. */
export function followEverything(host: AdminHost): void {
  const follow = <E extends EventContract>(event: E, { counts, notes, ofAnybody }: Following<E>) =>
    host.onMany(
      event,
      { id: 'follow', purpose: follows(counts, notes, ofAnybody), from: 'beginning', afterFailure: 'pass' },
      async (events, tx) => {
        if (counts)
          await tell(
            tx,
            events.flatMap(one => [counts(one)].flat().map(told => ({ ...told, at: one.timestamp }))),
          )
        if (notes) await noteAll(tx, event, notes, events, ofAnybody)
      },
    )
  followPeople(follow)
  followAccounts(follow)
  followBatteriesAndCharging(follow)
  followTheMarket(follow)
  followWhatGoesOn(follow)
  followAlone(follow)
}

type Follow = <E extends EventContract>(event: E, what: Following<E>) => void

const follows = (counts: unknown, notes: unknown, ofAnybody: unknown): string =>
  [counts && 'count what there is', notes && `write down what ${ofAnybody ? 'people' : 'admins'} do`]
    .filter(Boolean)
    .join(', and ')

function followPeople(follow: Follow): void {
  const ofAnybody = true
  follow(UserRegistered, {
    counts: one => ({ kind: 'person', id: one.userId, rank: one.version, state: 'there' }),
    notes: ['version', 'imported'],
    ofAnybody,
  })
  follow(UserDisabled, {
    counts: ({ userId: id, version: rank, disabled }) => ({
      kind: 'disabled',
      id,
      rank,
      state: disabled ? 'there' : null,
    }),
    notes: ['disabled'],
  })
  follow(UserDeleted, {
    counts: ({ userId: id }) => [
      { kind: 'person', id, rank: forGood, state: null },
      { kind: 'disabled', id, rank: forGood, state: null },
    ],
    notes: ['version'],
    ofAnybody,
  })
  follow(UserRoleChanged, { notes: ['formerRole', 'role'] })
  follow(OrganisationCreated, {
    counts: ({ organisationId: id }) => ({ kind: 'organisation', id, rank: 0, state: 'there' }),
    notes: ['ownerId'],
    ofAnybody,
  })
  follow(OrganisationDeleted, {
    counts: ({ organisationId: id }) => ({ kind: 'organisation', id, rank: forGood, state: null }),
    notes: ['version'],
    ofAnybody,
  })
  follow(ActingBegan, { notes: ['sessionId', 'reason', 'until'] })
  follow(UserSignedOut, { notes: ['sessions'] })
  follow(TermsPublished, { notes: ['key', 'kind', 'version', 'languages', 'effectiveAt', 'digest'] })
  follow(TermsRetracted, { notes: ['key', 'kind', 'version'] })
  follow(OrganisationKindsChanged, { notes: ['kinds', 'identifiers', 'decided'], ofAnybody })
}

/** No names and addresses: what is written down here can be taken out no more. */
function followAccounts(follow: Follow): void {
  const ofAnybody = true
  follow(UserEmailChanged, { notes: ['version'], ofAnybody })
  follow(UserPasswordChanged, { notes: ['version'], ofAnybody })
  follow(UserPasswordReset, { notes: ['version'], ofAnybody })
  follow(UserFactorsChanged, { notes: ['change', 'factor', 'left'], ofAnybody })
  follow(MemberInvited, { notes: ['invitationId', 'role'], ofAnybody })
  follow(MemberChanged, { notes: ['userId', 'role', 'version'], ofAnybody })
  follow(ApiKeyCreated, { notes: ['ownerId', 'ownerKind', 'organisationId', 'scopes', 'expiresAt'], ofAnybody })
  follow(ApiKeyRevoked, { notes: ['ownerId', 'reason'], ofAnybody })
  follow(ServiceAccountChanged, { notes: ['organisationId', 'role', 'roleId', 'permissions'], ofAnybody })
  follow(ClientRegistered, { notes: ['organisationId', 'kind', 'firstParty', 'redirectUris', 'scopes'], ofAnybody })
  follow(ClientChanged, { notes: ['organisationId', 'redirectUris', 'postLogoutRedirectUris', 'scopes'], ofAnybody })
  follow(ClientSecretRotated, { notes: ['organisationId'], ofAnybody })
  follow(ClientRemoved, { notes: ['organisationId'], ofAnybody })
  follow(ClientConsentGiven, { notes: ['clientId', 'actsFor', 'scopes', 'asked'], ofAnybody })
  follow(ClientConsentWithdrawn, { notes: ['clientId', 'actsFor', 'scopes'], ofAnybody })
  follow(TermsAnswered, { notes: ['termsId', 'key', 'version', 'answer'], ofAnybody })
}

function followBatteriesAndCharging(follow: Follow): void {
  follow(PassportCreated, {
    counts: one => ({ kind: 'passport', id: one.passport.id, rank: one.version, state: 'draft' }),
  })
  follow(PassportSerialised, {
    counts: ({ items, published }) =>
      items.map(({ passportId: id }) => ({ kind: 'passport', id, rank: 1, state: published ? 'published' : 'draft' })),
  })
  follow(PassportStatusChanged, {
    counts: one => ({ kind: 'passport', id: one.passport.id, rank: one.version, state: one.status }),
    notes: ['status'],
  })
  follow(PassportDeleted, {
    counts: one => ({ kind: 'passport', id: one.passport.id, rank: forGood, state: null }),
    notes: ['identifier'],
  })

  for (const event of [StationCreated, StationUpdated])
    follow(event, {
      counts: one => ({ kind: 'station', id: one.stationId, rank: one.version, state: 'there' }),
    })
  // Of one connection the end is later than its begin. By the charger: which station it stands at may change meanwhile.
  for (const [event, isUp] of [
    [ChargerConnected, true],
    [ChargerDisconnected, false],
  ] as const)
    follow(event, {
      counts: ({ chargerId, connectionId }) => ({
        kind: 'connection',
        id: idOf(chargerId),
        rank: `${connectionId} ${isUp ? 0 : 1}`,
        state: isUp ? 'up' : null,
      }),
    })
  follow(StationDeleted, {
    counts: ({ stationId: id }) => ({ kind: 'station', id, rank: forGood, state: null }),
    notes: ['version'],
  })
  const session = (
    one: Pick<Delivered<typeof SessionEnded>, 'sessionId' | 'updatedAt' | 'energyWh'>,
    order: number,
    isOver: boolean,
  ): Omit<Told, 'at'> => ({
    kind: 'session',
    id: one.sessionId,
    rank: `${new Date(one.updatedAt).toISOString()} ${order}`,
    state: isOver ? 'ended' : 'running',
    amount: isOver ? one.energyWh : 0,
  })
  follow(SessionStarted, { counts: one => session(one, 0, false) })
  follow(SessionEnded, { counts: one => session(one, 1, true) })
  follow(SessionCorrected, { counts: one => session(one, 2, one.endedAt !== null) })
  follow(SessionCharged, {
    counts: one => ({
      kind: 'charge',
      id: one.sessionId,
      rank: one.revision,
      state: 'booked',
      facet: one.currency,
      amount: one.totalMinor,
    }),
  })
  follow(IncidentOpened, {
    counts: one => ({ kind: 'incident', id: one.incidentId, rank: 0, state: 'open', facet: one.priority }),
  })
  follow(IncidentClosed, { counts: one => ({ kind: 'incident', id: one.incidentId, rank: 1, state: null }) })
}

const orderStates = ['pending', 'processing', 'completed', 'cancelled', 'refunded']

function followTheMarket(follow: Follow): void {
  for (const event of [VendorRegistered, VendorUpdated])
    follow(event, {
      counts: one => ({ kind: 'vendor', id: one.vendorId, rank: one.version, state: one.status }),
    })
  for (const event of [VendorApproved, VendorRejected, VendorSuspended, VendorReinstated])
    follow(event, { notes: ['name', 'reason'] })
  for (const event of [ProductCreated, ProductUpdated])
    follow(event, {
      counts: one => ({ kind: 'product', id: one.productId, rank: one.version, state: one.status }),
    })
  follow(ProductDeleted, {
    counts: one => ({ kind: 'product', id: one.productId, rank: forGood, state: null }),
    notes: ['name'],
  })
  follow(ProductApproved, { notes: ['name'] })
  follow(ProductRejected, { notes: ['name', 'reason'] })

  const order = (one: { orderId: string; version: number }, state: string): Omit<Told, 'at'> => ({
    kind: 'order',
    id: one.orderId,
    // What goes back may be told at the version of what was cancelled.
    rank: `${String(one.version).padStart(9, '0')} ${orderStates.indexOf(state)}`,
    state,
  })
  follow(OrderCreated, { counts: one => order(one, one.status) })
  follow(PaymentSucceeded, {
    counts: one => [
      order(one, one.status),
      { kind: 'payment', id: one.orderId, rank: 0, state: 'paid', facet: one.currency, amount: one.totalMinor },
    ],
  })
  follow(OrderCancelled, { counts: one => (one.whole ? order(one, 'cancelled') : []), notes: ['number', 'reason'] })
  follow(OrderCompleted, { counts: one => order(one, 'completed') })
  const refund = (one: { refundId: string; currency: string; amountMinor: number }, failed: boolean) => ({
    kind: 'refund' as const,
    id: one.refundId,
    rank: failed ? 1 : 0,
    state: failed ? null : 'given',
    facet: one.currency,
    amount: one.amountMinor,
  })
  follow(OrderRefunded, {
    counts: one => [...(one.whole ? [order(one, 'refunded')] : []), refund(one, false)],
    notes: ['number', 'currency', 'amountMinor', 'reason'],
  })
  follow(RefundFailed, { counts: one => refund(one, true) })
}

/** What is booked, mended, kept and written. What was only offered is no booking yet. */
function followWhatGoesOn(follow: Follow): void {
  for (const event of [TicketOpened, TicketChanged])
    follow(event, {
      counts: one => ({ kind: 'ticket', id: one.ticketId, rank: one.version, state: one.state, facet: one.priority }),
    })
  for (const event of [BookingMade, BookingChanged, BookingFulfilled, BookingCancelled, BookingMissed, BookingFailed])
    follow(event, { counts: one => ({ kind: 'booking', id: one.bookingId, rank: one.version, state: one.state }) })
  follow(DocumentUploaded, {
    counts: one => ({
      kind: 'document',
      id: one.docId,
      rank: one.version,
      state: 'there',
      facet: one.kind,
      amount: one.sizeBytes,
    }),
  })
  follow(DocumentDeleted, { counts: one => ({ kind: 'document', id: one.docId, rank: forGood, state: null }) })
  const article = (one: Delivered<typeof ArticlePublished>, state: string | null): Omit<Told, 'at'> => ({
    kind: 'article',
    id: one.articleId,
    rank: one.version,
    state,
    facet: one.kind,
  })
  for (const event of [ArticlePublished, ArticleChanged])
    follow(event, { counts: one => article(one, 'published'), notes: ['slug'] })
  follow(ArticleWithdrawn, { counts: one => article(one, null), notes: ['slug'] })
}

/** What admins do that nobody counts. */
function followAlone(follow: Follow): void {
  follow(CommissionRuleChanged, { notes: ['vendorId', 'categoryId', 'basisPoints', 'from', 'until'] })
  for (const event of [CategoryCreated, CategoryUpdated, CategoryDeleted]) follow(event, { notes: ['slug'] })
  follow(TaxClassChanged, { notes: ['percents'] })
  follow(ReviewRemoved, { notes: ['productId', 'rating'] })
  for (const event of [PayoutRequested, PayoutPaid, PayoutFailed])
    follow(event, { notes: ['vendorId', 'currency', 'amountMinor', 'reason'] })
  follow(SessionCredited, { notes: ['creditId', 'currency', 'totalMinor', 'reason'] })
  follow(TariffPublished, { notes: ['name', 'version'] })
  follow(TariffWithdrawn, { notes: ['owner'] })
  follow(ChargerRegistered, { notes: ['owner'] })
  follow(ChargerRemoved, { notes: ['owner'] })
  follow(PassportMoved, { notes: ['owner'] })
}
