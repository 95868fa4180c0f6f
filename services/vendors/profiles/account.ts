import Type, { type Static } from 'typebox'
import { Id, Instant, Line } from '#contracts/shared'
import { VendorAccountChanged, VendorUpdated } from '#contracts/vendors'
import { fresh, newId, Problem, signedIn, type Actor, type Db, type Tx, type Visitor } from '#kernel'
import type { VendorsHost } from '../host.ts'
import { ibanOf, masked } from './iban.ts'
import { Iban, nullable, told } from './profile.ts'
import { findProfile, lockProfile, writeProfile, type Profile } from './store.ts'

const Change = Type.Object({
  iban: nullable(Type.String({ examples: ['DE•• •••• 3000'] })),
  accountHolder: nullable(Type.String({ examples: ['Voltwerk GmbH'] })),
  changedBy: nullable(Id),
  changedAt: Instant,
})
type Change = Static<typeof Change>
const AccountView = Type.Object(
  {
    iban: nullable(Type.String({ description: 'Its country and its end', examples: ['DE•• •••• 3000'] })),
    accountHolder: nullable(Type.String({ examples: ['Voltwerk GmbH'] })),
    changes: Type.Array(Change, { description: 'The latest first' }),
  },
  { title: 'VendorAccount' },
)

type Account = Pick<Profile, 'iban' | 'accountHolder'>

/** For whose money somebody looks: their own, and that of the organisation whose owner or admin they are, or that lets them. Fails with `account_manager_required`. */
export function managedBy({ userId, organisation }: Actor): string {
  if (!organisation) return userId
  const { role, permissions } = organisation
  if (role !== 'owner' && role !== 'admin' && !permissions?.includes('vendors:write'))
    throw new Problem('forbidden', 'account_manager_required')
  return organisation.id
}

/** Who says where money goes has proved lately that it is they: one who has but a session of theirs must not. */
const proven = fresh(signedIn, '5 minutes', true)

/**
 * Where money goes already it goes elsewhere only for who sees to the money, and proved lately to be it. Fails with
 * `account_manager_required`, `fresh_sign_in_required`.
 */
export function requireProven(visitor: Visitor, at: Date): void {
  managedBy(visitor)
  const refusal = proven.refuse(visitor, at)
  if (refusal) throw refusal
}

/** Whether money would go to another account than before, or to one of another name. */
export const isOtherAccount = (before: Account, after: Account): boolean =>
  before.iban !== after.iban || before.accountHolder !== after.accountHolder

/** Fails with `iban_invalid`. */
export function checkedIban(text: string): string {
  const iban = ibanOf(text)
  if (iban === undefined)
    throw new Problem('unprocessable', 'iban_invalid', {
      errors: [{ pointer: '/iban', detail: 'has another length or other check digits than its country asks for' }],
    })
  return iban
}

/** Writes down where the money goes from now on, and tells of it; nothing where it goes there already. */
export async function noteAccount(
  tx: Tx<'vendors'>,
  before: Account | undefined,
  after: Profile,
  by: string | null,
  at: Date,
): Promise<void> {
  if (!isOtherAccount(before ?? { iban: null, accountHolder: null }, after)) return
  const had = before?.iban ?? null
  const account = after.iban && masked(after.iban)
  // Also where it was taken away in between.
  const [former] = await tx`select from account_changes where vendor_id = ${after.id} and iban is not null limit 1`
  await tx`
    insert into account_changes (id, vendor_id, iban, account_holder, replaced, changed_by, changed_at)
    values (${newId(at.getTime())}, ${after.id}, ${account}, ${after.accountHolder}, ${had !== null || Boolean(former)},
      ${by}, ${at})`
  if (had !== null) await tx.publish(VendorAccountChanged, { ...told(after), account, at: at.toISOString() })
}

const changesOf = async (db: Db, vendorId: string): Promise<Change[]> => {
  const rows = await db<(Omit<Change, 'changedAt'> & { changedAt: Date })[]>`
    select iban, account_holder as "accountHolder", changed_by as "changedBy", changed_at as "changedAt"
    from account_changes where vendor_id = ${vendorId} order by changed_at desc, id desc limit 100`
  return rows.map(row => ({ ...row, changedAt: row.changedAt.toISOString() }))
}

/** To which account a vendor's money goes, and went before. */
export function accountRoutes({ db, http, now }: VendorsHost): void {
  const show = async ({ id, iban, accountHolder }: Profile): Promise<Static<typeof AccountView>> => ({
    iban: iban && masked(iban),
    accountHolder,
    changes: await changesOf(db, id),
  })

  http.get(
    '/account',
    {
      config: { access: signedIn },
      schema: {
        summary: 'To which account earnings go, and went before',
        description: 'Of the vendor that one is; of an organisation for its owners and admins.',
        refuses: ['vendor_unknown', 'account_manager_required'],
        response: { 200: AccountView },
      },
    },
    async ({ actor }) => {
      const found = await findProfile(db, managedBy(actor))
      if (!found) throw new Problem('not_found', 'vendor_unknown')
      return await show(found)
    },
  )

  http.put(
    '/account',
    {
      config: { access: proven },
      schema: {
        summary: 'Say to which account earnings go',
        description:
          'Its check digits are looked at. Who says it has proved within five minutes that it is they. The vendor is told of each change, and for a week after it a second person sees ' +
          'every payout. Payouts that were asked for go where they were to go then.',
        refuses: ['vendor_unknown', 'vendor_closed', 'iban_invalid', 'account_manager_required'],
        body: Type.Object(
          { iban: Iban, accountHolder: Line(70, { examples: ['Voltwerk GmbH'] }) },
          { examples: [{ iban: 'DE89 3704 0044 0532 0130 00', accountHolder: 'Voltwerk GmbH' }] },
        ),
        response: { 200: AccountView },
      },
    },
    async ({ actor, body }) => {
      const vendorId = managedBy(actor)
      const changed = await db.transaction(async tx => {
        const there = await lockProfile(tx, vendorId)
        if (!there) throw new Problem('not_found', 'vendor_unknown')
        if (there.status === 'closed') throw new Problem('conflict', 'vendor_closed')
        const { accountHolder } = body
        const iban = checkedIban(body.iban)
        const next = { ...there, iban, accountHolder, version: there.version + 1 }
        await writeProfile(tx, next)
        await noteAccount(tx, there, next, actor.userId, now())
        await tx.publish(VendorUpdated, told(next))
        return next
      })
      return await show(changed)
    },
  )
}
