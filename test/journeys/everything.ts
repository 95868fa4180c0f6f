import { join } from 'node:path'
import { getCode, getInvitation, MemberInvited, SendOtp } from '#contracts/identity'
import { defineService, type Host } from '#kernel'
import { clamd, eicar } from '../engines/clamd.ts'
import { open as openPlatform, type TestOptions } from '../../kernel/testing.ts'
import type { Service } from '../../kernel/index.ts'
import { adminHappens } from './admin.ts'
import { appsHappen, termsHappen } from './apps.ts'
import { bookingsHappen } from './bookings.ts'
import { chargingHappens } from './charging.ts'
import { baseline, client, register, type Client } from './client.ts'
import { orderingHappens } from './ordering.ts'
import { marketHappens, offerOne } from './market.ts'
import { purchasesHappen } from './purchases.ts'
import { factorsHappen } from './factors.ts'
import { contentHappens } from './content.ts'
import { stationsHappen } from './stations.ts'
import { payoutsHappen, vendorsHappen } from './vendors.ts'
import { mailComesBack, mailSecret, webhookGoes } from './webhooks.ts'
import { wishesHappen } from './wishes.ts'

const password = 'quiet trains at dawn'

/**
 * Starts these services and lets everything happen that anybody reacts to; resolves with the platform, which the caller
 * closes.
 */
export async function everythingHappens(services: readonly Service[], options?: TestOptions) {
  const needs = [getCode, getInvitation] as const
  let mailroom!: Host<string, (typeof needs)[number]>
  // Reads what mails would say, as nobody may be there to send them.
  const reader = defineService({
    name: 'mailroom',
    folder: join(import.meta.dirname, 'no migrations'),
    needs,
    start: host => void (mailroom = host),
  })
  const scanner = await clamd()
  const environment = { MAIL_EVENTS_SECRET: mailSecret, ...options?.environment, ...scanner.settings }
  const opened = await openPlatform([...services, reader], { ...options, environment }).catch(async error => {
    await scanner.close()
    throw error
  })
  const close = async () => {
    await opened.close()
    await scanner.close()
  }
  const p = { ...opened, close }
  try {
    const address = await p.listen()
    const codeFor = async (email: string) => {
      const { codeId } = (await p.published(SendOtp)).filter(event => event.email === email).at(-1)!
      return (await mailroom.ask(getCode, { codeId })).code
    }
    const person = async (name: string) => {
      const [who, email] = [client(address), `${name.toLowerCase()}@example.com`]
      const { user } = await register(who, '/api/auth', { email, password, name }, codeFor)
      return { ...who, id: user.id, email }
    }
    const [ada, grace, mallory] = [await person('Ada'), await person('Grace'), await person('Mallory')]

    await client(address).get(202, 'POST /api/auth/register', { email: ada.email, password, name: 'Not Ada' })
    await client(address).get(202, 'POST /api/auth/register', { email: 'later@example.com', password, name: 'Later' })
    await grace.get(200, 'PATCH /api/auth/profile', { name: 'Grace Hopper', locale: 'de' })
    await grace.get(202, 'POST /api/auth/email', { password, email: 'hopper@example.com' })
    await grace.get(200, 'POST /api/auth/email/verify', { otp: await codeFor('hopper@example.com') })
    await ada.get(204, 'POST /api/auth/password', { currentPassword: password, newPassword: 'louder trains at noon' })
    await ada.get(200, 'PUT /api/notifications/preferences', {
      inApp: { 'passport.updated': false },
      email: { 'document.uploaded': true },
    })

    await webhookGoes(ada)

    const root = client(address)
    const [email, secret] = p.platform.announcements.find(({ label }) => label === 'First admin')!.value.split(' / ')
    root.use(await root.get(200, 'POST /api/auth/login', { email, password: secret }))
    await mailComesBack(ada, root)
    await root.get(200, `PUT /api/auth/users/${mallory.id}/role`, { role: 'vendor' })
    for (const disabled of [true, false, true])
      await root.get(200, `PUT /api/auth/users/${mallory.id}/disabled`, { disabled })

    await contentHappens(root, address)
    const organisation = await ada.get(201, 'POST /api/auth/organisations', { name: 'Voltaic GmbH' })
    const at = `/api/auth/organisations/${organisation.id}`
    const invite = async (email: string, role: string) => {
      await ada.get(201, `POST ${at}/invitations`, { email, role })
      const { invitationId } = (await p.published(MemberInvited)).at(-1)!
      return (await mailroom.ask(getInvitation, { invitationId })).link.split('/').at(-1)!
    }
    await grace.get(200, 'POST /api/auth/invitations/accept', { token: await invite('hopper@example.com', 'viewer') })
    await ada.get(204, `PUT ${at}/members/${grace.id}`, { role: 'editor' })
    await invite('stranger@example.com', 'admin')
    await ada.get(201, `POST ${at}/service-accounts`, { name: 'Production line 3', role: 'editor' })
    await ada.get(200, `PUT ${at}/identifiers`, { identifiers: [{ scheme: 'GLN', value: '4012345000009' }] })

    // Passports of a person first, of the organisation then: changed, shared, published, archived, deleted, with
    // documents and without.
    for (const [index, owner] of ['Ada', 'Voltaic'].entries()) {
      if (index === 1) ada.use(await ada.get(200, `POST ${at}/switch`))
      for (const fate of ['kept', 'archived', 'deleted'] as const)
        await passport(ada, `${owner} ${fate}`, fate, grace.id)
    }
    // One that moves with its document, and one for somebody who comes later.
    ada.use(await ada.get(200, 'POST /api/auth/organisations/personal/switch'))
    const model = await ada.get(201, 'POST /api/passports', { data: {}, granularity: 'model' })
    await ada.get(202, `POST /api/passports/${model.id}/items`, { range: { prefix: 'Ada ', from: 1, count: 3 } })
    const [moved, waiting] = [await passport(ada, 'Ada moved', 'kept', grace.id), await draft(ada, 'Ada waiting')]
    await ada.get(200, `POST /api/passports/${moved}/move`, { organisationId: organisation.id })
    await ada.get(201, `POST /api/passports/${waiting}/readers`, { email: 'eve@example.com' })
    await upload(ada, 'harmful.pdf', waiting, eicar)
    await p.settle()
    const wish = { name: 'ReCell GmbH', purpose: 'treatment', reason: 'It stands in our workshop' }
    await (await person('Eve')).get(201, `POST /api/passports/${moved}/requests`, wish)
    await ada.get(204, 'POST /api/auth/logout', { everywhere: true })

    await chargingHappens(p, address, root, grace.id)
    await stationsHappen(root, grace.id)
    await bookingsHappen(p, root, grace.id)
    await wishesHappen(p, grace.id)
    await purchasesHappen(p, grace.id)
    await orderingHappens(p, ada.id)

    const fay = { ...(await person('Fay')), password }
    await appsHappen(root, fay)
    await termsHappen(root, fay)
    await factorsHappen(root, fay)

    // What is forgotten, and what ends.
    const forgetful = client(address)
    for (const email of ['nobody@example.com', ada.email])
      await forgetful.get(202, 'POST /api/auth/forgot-password', { email })
    const [code, other] = [await codeFor(ada.email), 'trains that never stop at noon']
    await forgetful.get(204, 'POST /api/auth/reset-password', { email: ada.email, code, password: other })
    const zoe = await person('Zoe')
    await root.get(200, `PUT /api/auth/users/${zoe.id}/role`, { role: 'vendor' })
    zoe.use(await zoe.get(200, 'POST /api/auth/login', { email: zoe.email, password }))
    await offerOne(zoe, 'Of Zoe')
    const { id: brief } = await zoe.get(201, 'POST /api/auth/organisations', { name: 'Brief GmbH' })
    zoe.use(await zoe.get(200, `POST /api/auth/organisations/${brief}/switch`))
    await offerOne(zoe, 'Of Brief GmbH')
    await root.get(200, `PUT /api/auth/users/${grace.id}/role`, { role: 'vendor' })
    grace.use(await grace.get(200, 'POST /api/auth/login', { email: 'hopper@example.com', password }))
    await marketHappens(p, root, grace, [ada.id, zoe.id])
    // Somebody who has nothing in the shop: how often its products are told of depends on who is quicker.
    const vera = await person('Vera')
    await vendorsHappen(root, vera, [zoe])
    await payoutsHappen(p, vera.id)
    const [alan, leaver] = [await person('Alan'), await person('Leaver')]
    await root.get(200, `PUT /api/admin/users/${alan.id}`, { role: 'admin' })
    alan.use(await alan.get(200, 'POST /api/auth/login', { email: alan.email, password }))
    await adminHappens(p, root, grace, alan, leaver)
    await p.settle()
    root.use(await root.get(200, 'POST /api/auth/login', { email, password: secret }))
    await termsChange(root, alan)
    await zoe.get(204, `DELETE /api/auth/organisations/${brief}`)
    zoe.use(await zoe.get(200, 'POST /api/auth/login', { email: zoe.email, password }))
    await zoe.get(204, 'DELETE /api/auth/profile', { password })
    await p.settle()
    return p
  } catch (error) {
    await p.close()
    throw error
  }
}

/** Somebody has read a notice, and another one is to hold; last, as whoever signs in from now on is asked. */
async function termsChange(root: Client, reader: Client): Promise<void> {
  const notice = (text: string) => ({
    key: 'privacy',
    kind: 'notice',
    texts: { en: { title: 'Privacy notice', text } },
  })
  const { id } = await root.get(201, 'POST /api/auth/terms', notice('We keep your name.'))
  await reader.get(200, 'POST /api/auth/agreements', { answers: [{ termsId: id, agreed: true }] })
  await root.get(201, 'POST /api/auth/terms', { ...notice('We keep less.'), effectiveAt: '2099-01-01T00:00:00.000Z' })
}

async function passport(
  who: Client,
  identifier: string,
  fate: 'kept' | 'archived' | 'deleted',
  reader: string,
): Promise<string> {
  const { id, data } = await who.get(201, 'POST /api/passports', { data: baseline(identifier) })
  const at = `/api/passports/${id}`
  const first = await upload(who, `${identifier} 1.pdf`, id)
  const second = await upload(who, `${identifier} 2.pdf`, id)
  await who.get(200, `PUT ${at}`, { data: { ...data, note: 'heavier' } })
  await who.get(200, `PUT ${at}`, { data: { ...data, note: 'lighter', more: true } })
  await who.get(204, `PUT ${at}/readers/${reader}`, { kind: 'person' })
  await who.get(204, `DELETE ${at}/readers/${reader}`)
  await who.get(200, `PUT /api/documents/${first}`, { title: 'Another title' })
  await who.get(204, `DELETE /api/documents/${second}`)
  if (fate !== 'deleted') await who.get(200, `POST ${at}/publish`)
  if (fate !== 'kept') await who.ask(`DELETE ${at}`)
  return id
}

const draft = async (who: Client, identifier: string): Promise<string> =>
  (await who.get(201, 'POST /api/passports', { data: baseline(identifier) })).id

async function upload(who: Client, name: string, passportId: string, content = name): Promise<string> {
  const form = new FormData()
  form.append('passportId', passportId)
  form.append('kind', 'declaration-of-conformity')
  form.append('file', new File([`%PDF-1.7\n${content}`], name))
  return (await who.get(201, 'POST /api/documents/upload', form)).docId
}
