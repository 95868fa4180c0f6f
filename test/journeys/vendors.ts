import { PayoutFailed, PayoutPaid, PayoutRequested, PayoutReversed, VendorRequirementsDue } from '#contracts/vendors'
import { newId } from '#kernel'
import type { TestPlatform } from '../../kernel/testing.ts'
import type { Client } from './client.ts'

/** Who is on the invoices, and what proves it; resolves with the id of that document. */
export async function saysWhoSells(seller: Pick<Client, 'get'>): Promise<string> {
  await seller.get(200, 'PUT /api/orders/seller', {
    name: 'Voltwerk GmbH',
    address: { street: 'Ringstr. 5', postalCode: '10115', city: 'Berlin', country: 'DE' },
    smallBusiness: false,
  })
  const form = new FormData()
  form.append('kind', 'other')
  form.append('file', new File(['%PDF-1.7\nextract of a register'], 'register.pdf'))
  return (await seller.get(201, 'POST /api/documents/upload', form)).docId
}

/** Somebody is let in to sell after a refusal, is suspended and let back in; others begin, and leave. */
export async function vendorsHappen(root: Client, seller: Client & { id: string }, leavers: readonly Client[]) {
  const at = '/api/vendors'
  const docId = await saysWhoSells(seller)
  await seller.get(200, `PUT ${at}/profile`, {
    name: 'Voltwerk',
    description: 'Wallboxes from Regensburg.',
    email: 'shop@example.com',
    iban: 'DE89 3704 0044 0532 0130 00',
    accountHolder: 'Voltwerk GmbH',
    evidence: [docId],
    acceptTerms: true,
  })
  // Another account, twice, and back; before they are let in, which ends the token that says less.
  for (const iban of ['NL91 ABNA 0417 1643 00', 'DE89 3704 0044 0532 0130 00'])
    await seller.get(200, `PUT ${at}/account`, { iban, accountHolder: 'Voltwerk GmbH' })
  const decide = (decision: string, body: object = {}) =>
    root.get(200, `POST ${at}/${seller.id}/${decision}`, { ...body })
  await seller.get(200, `POST ${at}/profile/submit`)
  await decide('reject', { reason: 'Of another company' })
  await seller.get(200, `POST ${at}/profile/submit`)
  await decide('approve')
  await decide('suspend', { reason: 'Sells what was called back' })
  await decide('reinstate')
  for (const [index, leaver] of leavers.entries())
    await leaver.get(200, `PUT ${at}/profile`, { name: `Leaver ${index}` })
  const { id } = await root.get(201, `POST ${at}/commission-rules`, { basisPoints: 1_200 })
  await root.get(201, `POST ${at}/commission-rules`, { basisPoints: 800, vendorId: seller.id })
  await root.get(204, `DELETE ${at}/commission-rules/${id}`)
}

/** A payout that needs a second person is paid, and another one fails. By hand: nothing is settled before its hold is over. */
export async function payoutsHappen(p: Pick<TestPlatform, 'publish'>, vendorId: string): Promise<void> {
  for (const [event, status, reason] of [
    [PayoutPaid, 'paid', null],
    [PayoutFailed, 'failed', 'The bank knows no such account.'],
  ] as const) {
    const payout = {
      payoutId: newId(),
      vendorId,
      owner: { kind: 'person' as const, id: vendorId },
      currency: 'EUR',
      amountMinor: 250_000,
      account: 'DE•• •••• 3000',
      at: new Date().toISOString(),
    }
    await p.publish(PayoutRequested, { ...payout, status: 'requested', reason: null, version: 1 })
    await p.publish(event, { ...payout, status, reason, version: 4 })
  }
  await transfersHappen(p, vendorId)
}

/** What was paid out by transfer is taken back, and Stripe wants to know more. */
async function transfersHappen(p: Pick<TestPlatform, 'publish'>, vendorId: string): Promise<void> {
  const at = new Date().toISOString()
  const owner = { kind: 'person' as const, id: vendorId }
  await p.publish(PayoutReversed, {
    payoutId: newId(),
    vendorId,
    owner,
    currency: 'EUR',
    amountMinor: 250_000,
    takenMinor: 90_00,
    status: 'paid',
    account: 'Stripe •••• 9f2c',
    reason: null,
    version: 5,
    at,
  })
  await p.publish(VendorRequirementsDue, {
    vendorId,
    owner,
    applicantId: vendorId,
    name: 'Voltwerk',
    slug: 'voltwerk',
    status: 'active',
    verified: true,
    version: 9,
    due: ['individual.verification.document'],
    disabled: 'requirements.past_due',
    at,
  })
}
