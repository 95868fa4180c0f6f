import assert from 'node:assert/strict'
import { test } from 'node:test'
import { htmlOf, textOf } from './layout.ts'
import { kinds, plain, reaches, rules, wordsOf } from './messages.ts'

const at = '2027-02-18T08:30:00.000Z'
const facts = {
  closedBecause: 'bounced',
  codeId: 'c',
  purpose: 'registration',
  until: at,
  at,
  device: 'Firefox on Linux',
  place: '192.0.2.0/24',
  role: 'editor',
  disabled: true,
  reason: 'no-account',
  organisation: 'Cells & Co',
  invitationId: 'i',
  invitedBy: 'Grace',
  passport: 'BP-1',
  fields: 2,
  shared: true,
  to: 'reader',
  fileName: 'proof.pdf',
  found: 'Win.Test.EICAR_HDB-1',
  charger: 'CP-1',
  energyWh: 18_400,
  sessions: 3,
  formerWh: 18_000,
  evse: 1,
  fault: 'GroundFailure',
  number: 1042,
  about: 'Cable does not lock',
  due: at,
  totalMinor: 500,
  owedMinor: 200,
  balanceMinor: 300,
  amountMinor: 100,
  priceMinor: 100,
  order: 'K7M2Q-9XWTB',
  paper: 'INV-2027-000001',
  product: 'Wallbox',
  station: 'Market square',
  company: 'Fleet GmbH',
  centre: 'Field',
  month: '2027-02',
  percent: 80,
  spentMinor: 100,
  budgetMinor: 500,
  feeMinor: 100,
  from: at,
  timeZone: 'Europe/Berlin',
  formerMinor: 600,
  plan: 'Monthly',
  dueMinor: 100,
  renewsAt: at,
  nextTryAt: at,
  why: 'faulted',
  vendor: 'Voltwerk',
  host: 'hooks.example.com',
  because: 'gone',
  account: 'DE•• •••• 3000',
  currency: 'EUR',
  orderId: 'o',
  change: 'added',
  factor: 'totp',
  left: 3,
  decision: 'refused',
  answer: 'It shows marks of use',
  model: 'LM3',
  created: 2_000,
  failed: 1,
  byName: 'Grace',
  operator: 'importer',
  note: 'The register has you',
  app: 'Fleet planner',
  inEnglish: 'Terms of use',
  inGerman: 'Nutzungsbedingungen',
  things: ['1 × Wallbox'],
}

// A booking lasts until a time, a passport is shared to somebody.
const factsOf = (kind: string) => ({ ...facts, ...(kind.startsWith('booking.') && { to: at }) })

test('every kind of message has whole sentences in both languages, and they differ', () => {
  for (const kind of kinds) {
    assert.equal(rules[kind].event.topic, kind, 'a kind is called as its event')
    const [en, de] = (['en', 'de'] as const).map(locale => wordsOf(kind, locale, factsOf(kind)))
    assert.notEqual(en!.title, de!.title)
    for (const { title, text, action, note } of [en!, de!])
      for (const sentence of [title, ...text, action, note])
        assert.doesNotMatch(sentence ?? '', /undefined|\[object|NaN|\n/, `${kind}: ${sentence}`)
  }
})

test('in the text a code and a link stand alone on their lines', () => {
  const letter = {
    ...wordsOf('send-otp', 'en', facts),
    locale: 'en' as const,
    name: null,
    code: '123456',
    link: 'https://ohmnibus.example.com/x',
  }
  assert.equal(
    textOf(letter),
    [
      'Hello,',
      '',
      'Enter this code to finish your registration:',
      '',
      '123456',
      '',
      'Or confirm on this page:',
      'https://ohmnibus.example.com/x',
      '',
      'The code works once, until 18 Feb 2027, 08:30 UTC. ' +
        'If you did not ask for it, ignore this message: nothing happens without the code.',
      '',
      'Ohmnibus',
      '',
    ].join('\n'),
  )
})

test('a message without a link asks nobody to follow one', () => {
  const letter = {
    ...wordsOf('passport.shared', 'en', { ...facts, shared: false }),
    locale: 'en' as const,
    name: 'Ada',
  }
  assert.doesNotMatch(textOf(letter), /Open the passport|undefined/)
  assert.doesNotMatch(htmlOf(letter), /<a |undefined/)
})

test('HTML holds names and identifiers as text, whatever they are', () => {
  const page = (text: string) =>
    kinds.map(kind => {
      const words = wordsOf(kind, 'de', {
        ...factsOf(kind),
        organisation: text,
        invitedBy: text,
        passport: text,
        fileName: text,
        device: text,
        place: text,
      })
      return htmlOf({ ...words, locale: 'de', name: text, code: text, link: `https://ohmnibus.example.com/${text}` })
    })
  const tags = (pages: string[]) => pages.map(html => html.replace(/href="[^"]*"/g, 'href').match(/<[^>]*>/g))
  const hostile = page(`"><script>alert('x')</script>&amp;<img src=x onerror=y>`)
  assert.deepEqual(tags(hostile), tags(page('harmless')))
  for (const html of hostile)
    assert.ok(
      html.includes('Guten Tag &quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;amp;&lt;img'),
      html,
    )
})

test('texts of other people become one short line that steers nothing', () => {
  assert.equal(plain('BP-1\r\n\r\n999999\r\nhttps://evil.example\0'), 'BP-1 999999 https://evil.example')
  assert.equal(plain('a\u202Egnp.exe\u2066\u2029b\tc'), 'a gnp.exe b c')
  assert.equal(plain('x'.repeat(201)), `${'x'.repeat(200)}…`)
  assert.equal(plain('🔋'.repeat(300)), `${'🔋'.repeat(200)}…`, 'no character is cut in half')
  assert.equal(plain('Größe “M” 电池 🔋'), 'Größe “M” 电池 🔋')
})

test('a reader chooses among what is optional; safety and codes stay, and a disabled person gets nothing but that they are', () => {
  const off = {
    email: Object.fromEntries(kinds.map(kind => [kind, false])),
    inApp: Object.fromEntries(kinds.map(kind => [kind, false])),
  }
  const on = { email: Object.fromEntries(kinds.map(kind => [kind, true])), inApp: {} }
  const anybody = { disabled: false }
  assert.equal(reaches('passport.created', 'email', anybody, undefined), true)
  assert.equal(reaches('passport.created', 'email', anybody, off), false)
  assert.equal(reaches('passport.updated', 'email', anybody, undefined), false)
  assert.equal(reaches('passport.updated', 'email', anybody, on), true)
  assert.equal(reaches('user.password-changed', 'email', anybody, off), true)
  assert.equal(reaches('send-otp', 'inApp', anybody, { email: {}, inApp: { 'send-otp': true } }), false)
  assert.deepEqual(
    kinds.filter(kind => reaches(kind, 'email', { disabled: true }, on)),
    ['user.disabled'],
  )
})

test('mail about an organisation goes to those who lead it, whatever the others chose', () => {
  const on = { email: { 'passport.created': true as const }, inApp: {} }
  const roles = ['owner', 'admin', 'editor', 'viewer'] as const
  assert.deepEqual(
    roles.map(role => reaches('passport.created', 'email', { disabled: false, role }, on)),
    [true, true, false, false],
  )
  assert.deepEqual(
    roles.map(role => reaches('passport.created', 'inApp', { disabled: false, role }, on)),
    [true, true, true, true],
  )
})
