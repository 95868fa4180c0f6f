import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BatterySold } from '#contracts/orders'
import { OrganisationKindsChanged } from '#contracts/identity'
import { OrganisationKind } from '#contracts/shared'
import { newId, type Actor } from '#kernel'
import { inherited, open, published, surfaces, type Case, type Surfaces } from './cases.ts'

type Who = Partial<Actor> | undefined

/** The same for everybody, whoever asks; without its papers for a moment where a busy machine cannot list them. */
const forAll = ['linkset', 'pdf', 'public', 'translated']

/** Which markers left by each surface. */
const markersIn = ({ markers, papers, evidence }: Case, found: Surfaces): Record<string, string[]> => {
  const values = [...[...markers.values()].filter(text => /\d{8}$/.test(text)), ...evidence]
  const all = [...values, ...papers.map(({ marker }) => marker)]
  return Object.fromEntries(
    Object.entries(found).map(([surface, text]) => [
      surface,
      (forAll.includes(surface) ? values : all).filter(sign => text.includes(sign)),
    ]),
  )
}

/** What of a passport and its documents is read, rather than listed, taken along or written. */
const reads = [
  'read',
  'past',
  'attributes',
  'attributesPast',
  'versions',
  'compressed',
  'full',
  'byDate',
  'byProduct',
  'documents',
]

test('whoever reads, reads as the law has them: each kind of organisation, role, purpose and delegate, to its end', async t => {
  let now = '2027-03-01T10:00:00.000Z'
  const of = await open(t, { now: () => new Date(now) })
  const owner = { userId: newId() }
  const interested = newId()
  for (const one of [await published(of, 'EV', owner), await inherited(of, 'industrial', owner)]) {
    const ids = [one.id, ...('model' in one ? [one.model as string] : [])]
    const lend = async (id: string, body: object) => {
      for (const passport of ids) assert.equal((await of.as(owner).put(`/${passport}/readers/${id}`, body)).status, 204)
    }
    const seenBy = async (who: Who) => markersIn(one, await surfaces(of, one, who))
    await lend(interested, { kind: 'person', audience: 'interest' })
    const stranger = await seenBy({ userId: newId() })
    const interest = await seenBy({ userId: interested })
    const authority = await seenBy({ userId: newId(), role: 'authority' })
    const whole = await seenBy(owner)
    const sizes = [stranger, interest, authority, whole].map(seen => seen.attributes!.length)
    assert.ok(new Set(sizes).size >= 3 && sizes[0] === Math.min(...sizes), `each is another one: ${sizes}`)

    if (ids.length === 1) {
      // Whatever an admin has verified an organisation to be, it reads no more for it, until it is an authority.
      const clerk = { userId: newId(), organisation: { id: newId(), role: 'owner' as const } }
      const others = OrganisationKind.enum.filter(kind => kind !== 'authority')
      for (const [at, kinds] of [others, OrganisationKind.enum].entries()) {
        const told = { organisationId: clerk.organisation.id, identifiers: [], decided: null, version: at + 1 }
        await of.p.publish(OrganisationKindsChanged, { ...told, kinds: [...kinds] })
        await of.p.settle()
        assert.deepEqual(await seenBy(clerk), kinds === others ? stranger : authority, kinds.join())
      }
      for (const role of ['operator', 'interest'] as const)
        assert.deepEqual(await seenBy({ userId: newId(), role }), stranger, role)
    }

    // A workshop by a grant, of whom all who act for it read; whoever of them does not is somebody else.
    const workshop = newId()
    await lend(workshop, { kind: 'organisation', audience: 'interest' })
    const mechanic = newId()
    const acting = { userId: mechanic, organisation: { id: workshop, role: 'viewer' as const } }
    assert.deepEqual(await seenBy(acting), interest, 'treatment')
    assert.deepEqual(await seenBy({ userId: mechanic }), stranger, 'the same person by themselves')

    // The purchaser of the battery itself.
    const buyer = newId()
    await of.p.publish(BatterySold, {
      orderId: newId(),
      lineId: newId(),
      productId: newId(),
      serial: null,
      passportId: one.id,
      seller: { kind: 'person', id: owner.userId },
      buyer: { kind: 'person', id: buyer },
      at: now,
    })
    await of.p.settle()
    if (ids.length === 1) assert.deepEqual(await seenBy({ userId: buyer }), interest, 'purchase')

    // Delegates of the owner and admins read what the owner does, and write nothing.
    const [delegate, late] = [newId(), newId()]
    await lend(delegate, { kind: 'person' })
    await lend(late, { kind: 'person', until: '2027-03-01T11:00:00Z' })
    const root: Who = { userId: newId(), role: 'admin' }
    for (const who of [{ userId: delegate }, { userId: late }, root]) {
      const seen: Record<string, string[]> = await seenBy(who)
      const ways: string[] = reads.filter(name => name !== 'byProduct' || who !== root)
      for (const surface of ways)
        assert.deepEqual(seen[surface], whole[surface], `${surface} for ${JSON.stringify(who)}`)
    }
    now = '2027-03-01T11:00:00.000Z'
    assert.deepEqual(await seenBy({ userId: late }), await seenBy({ userId: newId() }), 'until its end')
    const stays = await seenBy({ userId: delegate })
    assert.deepEqual(stays.attributes, whole.attributes)
    for (const passport of ids) await of.as(owner).delete(`/${passport}/readers/${delegate}`)
    assert.deepEqual(await seenBy({ userId: delegate }), await seenBy({ userId: newId() }), 'until it is taken back')
    now = '2027-03-01T10:00:00.000Z'
  }
})
