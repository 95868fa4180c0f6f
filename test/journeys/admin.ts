import { AccountDeletionEnded } from '#contracts/identity'
import type { TestPlatform } from '../../kernel/testing.ts'
import type { Client } from './client.ts'
import { offerOne } from './market.ts'

/** What only admins do, and an account that two of them have deleted. */
export async function adminHappens(
  p: Pick<TestPlatform, 'publish'>,
  root: Client,
  seller: Client,
  second: Client,
  leaver: Client & { id: string },
): Promise<void> {
  const { id: rejected } = await offerOne(seller, 'Of no use')
  await root.get(200, `POST /api/admin/products/${rejected}/reject`, { reason: 'The picture shows another product.' })
  const names = { en: 'Adapters', de: 'Adapter' }
  const { id: category } = await root.get(201, 'POST /api/marketplace/categories', { names })
  await root.get(204, `DELETE /api/marketplace/categories/${category}`)
  const help = { language: 'en', title: 'How to charge', body: 'Plug in.' }
  const { slug } = await root.get(201, 'POST /api/content/help', help)
  const at = `/api/content/help/${slug}`
  await root.get(200, `POST ${at}/publish`)
  await root.get(200, `PUT ${at}`, { ...help, body: 'Plug in, and wait.' })
  await root.get(200, `POST ${at}/withdraw`)

  const { id: requestId } = await root.get(202, `DELETE /api/admin/users/${leaver.id}`, { reason: 'Wished for' })
  await second.get(200, `POST /api/admin/approvals/${requestId}/approve`, {})
  // They are gone before anybody reacts: what follows from it is told at one time, whenever the approval is heard of.
  await leaver.ask('DELETE /api/auth/profile', { password: 'quiet trains at dawn' })
  await p.publish(AccountDeletionEnded, { requestId, userId: leaver.id, refusal: null })
}
