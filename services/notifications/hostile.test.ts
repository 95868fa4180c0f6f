import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemberInvited } from '#contracts/identity'
import { PassportDeleted, PassportShared } from '#contracts/passports'
import { WithdrawalDeclared } from '#contracts/orders'
import { WishCheaper } from '#contracts/users'
import { newId } from '#kernel'
import { ada, mails, open, self } from './testing.ts'

const passport = { passport: { id: newId() }, identifier: 'BP-2024-011', version: 1 }

test('hostile names reach mail and list as one harmless line', async t => {
  const p = await open(t)
  await p.publish(PassportDeleted, {
    ...passport,
    identifier: 'BP-1\r\nBcc: eve@example.com\r\n\r\n654321\r\nhttps://evil.example/<script>',
    owner: self,
  })
  await p.settle()
  const [mail] = await mails(p)
  assert.equal(mail!.subject, 'Passport BP-1 Bcc: eve@example.com 654321 https://evil.example/<script> was deleted')
  assert.ok(!mail!.lines.some(line => /^(Bcc|654321|https)/.test(line)))
  assert.equal((await p.list(ada)).items[0]!.title, mail!.subject)
})

test('a stranger gets no link and no address in our name that somebody chose as theirs', async t => {
  const p = await open(t)
  const invitationId = newId()
  p.links.set(invitationId, 'https://ohmnibus.example.com/api/auth/invitations/secret')
  await p.publish(MemberInvited, {
    organisationId: newId(),
    invitationId,
    email: 'guest@example.com',
    organisationName: 'Win at https://evil.example/now or WWW.Evil.Example, J. R. Smith Ltd.',
    invitedBy: 'call eve@evil.example or evil\u3002example',
    role: 'viewer',
    locale: 'en',
    expiresAt: '2027-02-18T08:30:00.000Z',
  })
  await p.publish(PassportShared, {
    ...passport,
    identifier: 'BP-1.04 http://evil.example',
    owner: { kind: 'person', id: newId() },
    reader: self,
    shared: true,
  })
  // Names that who sells or runs a station chose, in mails to people who never met them.
  const named = 'Charger at https://evil.example/pay'
  const wish = { userId: ada.userId, wishId: newId(), productId: newId(), variantId: newId(), slug: 'charger' }
  const priced = { currency: 'EUR', priceMinor: 100, formerMinor: 200, at: '2027-02-18T08:30:00.000Z' }
  await p.publish(WishCheaper, { ...wish, ...priced, productName: named } as never)
  await p.publish(WithdrawalDeclared, {
    orderId: newId(),
    partId: newId(),
    number: 'O-1',
    email: 'guest@example.com',
    locale: 'en',
    things: [{ name: named, quantity: 1 }],
    at: priced.at,
  } as never)
  await p.settle()
  const text = (await mails(p)).map(({ lines }) => lines.join('\n')).join('\n')
  assert.equal(text.match(/Charger at https\[:\]\/\/evil\[\.\]example\/pay/g)?.length, 3)
  assert.match(text, /Win at https\[:\]\/\/evil\[\.\]example\/now or WWW\[\.\]Evil\[\.\]Example, J\. R\. Smith Ltd\./)
  assert.match(text, /call eve\[at\]evil\[\.\]example or evil\[\.\]example invites you/)
  assert.match(text, /BP-1/)
  const foreign = text.replaceAll('https://ohmnibus.example.com', '').replaceAll(/^To: .*$/gm, '')
  assert.doesNotMatch(foreign, /evil\.|@|:\/\//i)
})
