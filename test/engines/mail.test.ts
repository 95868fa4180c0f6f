import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { inspect } from 'node:util'
import { readSettings } from '../../kernel/config/settings.ts'
import { newId } from '../../kernel/ids.ts'
import type { Mail, Message } from '../../kernel/mail/mail.ts'
import { openMail } from '../../kernel/mail/open.ts'
import { faultsOf, settings as declared } from '../../kernel/mail/settings.ts'
import { sendgridApi } from './sendgrid.ts'
import { cutInMessage, smtpServer } from './smtp.ts'

const message = (change: Partial<Message> = {}): Message => ({
  id: newId(),
  createdAt: new Date('2027-02-18T08:30:00.000Z'),
  to: 'ada@example.com',
  subject: 'Ihr Code für Ohmnibus',
  event: 'send-otp',
  text: 'Hallo,\n\nIhr Code lautet:\n\n123456\n',
  html: '<p>Ihr Code lautet: <b>123456</b></p>',
  ...change,
})

async function open(t: TestContext, environment: Record<string, string> = {}, patience?: number) {
  const dataFolder = await mkdtemp(join(tmpdir(), 'ohmnibus-mail-'))
  t.after(() => rm(dataFolder, { recursive: true, force: true }))
  const settings = readSettings(declared, environment)
  const mail = openMail({ settings, dataFolder, publicUrl: 'https://ohmnibus.example.com', patience })
  t.after(() => mail.close())
  const files = async (folder = join(dataFolder, 'notifications')) => (await readdir(folder).catch(() => [])).sort()
  return { mail, dataFolder, files, folder: join(dataFolder, 'notifications') }
}

interface Engine {
  mail: Mail
  deliver(message: Message): Promise<unknown>
  /** What has arrived, a copy of the same message not counted. */
  arrived(): Promise<{ to: string; subject: string; event: string; text: string }[]>
}

const engines: Record<string, (t: TestContext) => Promise<Engine>> = {
  async files(t) {
    const { mail, files, folder } = await open(t)
    return {
      mail,
      deliver: message => mail.record('email', message),
      arrived: async () =>
        await Promise.all(
          (await files()).map(async name => {
            const [head, ...text] = (await readFile(join(folder, name), 'utf8')).split('\n\n')
            const [to, subject, event, ...more] = head!.split('\n')
            assert.deepEqual(more, [], 'the head has three lines')
            return {
              to: to!.slice('To: '.length),
              subject: subject!.slice('Subject: '.length),
              event: event!.slice('Event: '.length),
              text: text.join('\n\n'),
            }
          }),
        ),
    }
  },
  async smtp(t) {
    const { port, taken, recipients } = await smtpServer(t)
    const { mail } = await open(t, { SMTP_HOST: '127.0.0.1', SMTP_PORT: String(port) })
    return {
      mail,
      deliver: message => mail.send(message),
      arrived: async () => [
        ...new Map(
          taken.map((mail, index) => [
            mail.messageId,
            {
              to: recipients[index]!,
              subject: mail.subject!,
              event: String(mail.headers.get('x-ohmnibus-event')),
              text: mail.text!,
            },
          ]),
        ).values(),
      ],
    }
  },
  async sendgrid(t) {
    const { environment, taken } = await sendgridApi(t)
    const { mail } = await open(t, environment)
    return {
      mail,
      deliver: message => mail.send(message),
      arrived: async () => [
        ...new Map(
          taken.map(({ headers, subject, content, personalizations }) => [
            headers['Message-ID'],
            {
              to: personalizations[0]!.to[0]!.email,
              subject,
              event: headers['X-Ohmnibus-Event']!,
              text: content.find(({ type }) => type === 'text/plain')!.value,
            },
          ]),
        ).values(),
      ],
    }
  },
}

for (const [name, openEngine] of Object.entries(engines)) {
  test(`${name}: a message arrives whole, in any language`, async t => {
    const { deliver, arrived } = await openEngine(t)
    await deliver(message())
    assert.deepEqual(await arrived(), [
      { to: 'ada@example.com', subject: 'Ihr Code für Ohmnibus', event: 'send-otp', text: message().text },
    ])
  })

  test(`${name}: the same message again is recognised, another one is not`, async t => {
    const { deliver, arrived } = await openEngine(t)
    const once = message()
    await deliver(once)
    await deliver({ ...once, text: 'written by a later try' })
    await deliver(message())
    assert.equal((await arrived()).length, 2)
  })

  test(`${name}: a subject with line breaks adds no header`, async t => {
    const { deliver, arrived } = await openEngine(t)
    await deliver(message({ subject: 'Hello\r\nBcc: eve@example.com\n\nEvil text\u2028more' }))
    const [only, ...more] = await arrived()
    assert.equal(only?.subject, 'Hello Bcc: eve@example.com Evil text more')
    assert.equal(only.to, 'ada@example.com')
    assert.deepEqual(more, [])
  })

  test(`${name}: a line of the text that looks like an end of the message is only text`, async t => {
    const { deliver, arrived } = await openEngine(t)
    await deliver(message({ text: 'before\n.\nQUIT\n..\nafter\n' }))
    assert.equal((await arrived())[0]?.text, 'before\n.\nQUIT\n..\nafter\n')
  })

  test(`${name}: it says that it works`, async t => {
    const { mail } = await openEngine(t)
    await mail.check()
  })
}

test('files: the name is time, channel and id; only the owner reads it', async t => {
  const { mail, files, folder } = await open(t)
  const sent = message()
  await mail.record('email', sent)
  assert.deepEqual(await files(), [`2027-02-18T08:30:00.000Z-email-${sent.id}.txt`])
  assert.equal((await stat(join(folder, (await files())[0]!))).mode & 0o777, 0o600)
  assert.equal((await stat(folder)).mode & 0o777, 0o700)
})

test('files: a try that a crash cut short is written over, not beside', async t => {
  const { mail, files, folder } = await open(t)
  const sent = message()
  await mail.record('email', message())
  await writeFile(join(folder, `.2027-02-18T08:30:00.000Z-email-${sent.id}.txt.part`), 'To: ada@exam')
  await mail.record('email', sent)
  assert.equal((await files()).filter(name => !name.endsWith('.txt')).length, 0)
  assert.match(
    await readFile(join(folder, `2027-02-18T08:30:00.000Z-email-${sent.id}.txt`), 'utf8'),
    /^To: ada@example\.com\n.*\n.*\n\nHallo,\n[^]*123456\n$/,
  )
})

test('files: they are written where mail is off, and beside a mail server only when asked for', async t => {
  const { port } = await smtpServer(t)
  const server = { SMTP_HOST: '127.0.0.1', SMTP_PORT: String(port) }
  const off = await open(t, { ...server, ENABLE_EMAIL_NOTIFICATIONS: 'false' })
  assert.equal(off.mail.enabled, false)
  await off.mail.record('email', message())
  assert.equal((await off.files()).length, 1)
  await assert.rejects(off.mail.send(message()), /no mail leaves/)

  const on = await open(t, server)
  assert.equal(on.mail.enabled, true)
  await on.mail.record('email', message())
  assert.deepEqual(await on.files(), [], 'codes do not lie about where a mail server takes them')

  const folder = join(off.dataFolder, 'asked', 'for')
  const both = await open(t, { ...server, NOTIFICATION_LOG_PATH: folder })
  await both.mail.record('email', message())
  assert.equal((await both.files(folder)).length, 1)
  assert.equal(both.mail.enabled, true)
})

test('files: a folder that cannot be written to is told', async t => {
  const { dataFolder } = await open(t)
  await writeFile(join(dataFolder, 'taken'), '')
  const { mail } = await open(t, { NOTIFICATION_LOG_PATH: join(dataFolder, 'taken') })
  await assert.rejects(mail.check(), { code: 'EEXIST' })
  await assert.rejects(mail.record('email', message()))
})

test('smtp: both parts, sender, Message-ID and date are those of the message', async t => {
  const { port, taken } = await smtpServer(t)
  const { mail } = await open(t, {
    SMTP_HOST: '127.0.0.1',
    SMTP_PORT: String(port),
    FROM_EMAIL: 'hello@ohmnibus.example',
    FROM_NAME: 'Ohmnibus, Inc.',
  })
  const sent = message()
  await mail.send(sent)
  const [got] = taken
  assert.equal(got?.html, sent.html)
  assert.deepEqual(got.from?.value, [{ name: 'Ohmnibus, Inc.', address: 'hello@ohmnibus.example' }])
  assert.equal(got.messageId, `<${sent.id}@ohmnibus.example>`)
  assert.deepEqual(got.date, sent.createdAt)
  assert.equal(got.headers.get('auto-submitted'), 'auto-generated')
})

test('smtp: an address that hides a second one reaches nobody else', async t => {
  const { port, recipients } = await smtpServer(t)
  const { mail } = await open(t, { SMTP_HOST: '127.0.0.1', SMTP_PORT: String(port) })
  for (const to of ['ada@example.com, eve@example.com', 'ada@example.com>\r\nRCPT TO:<eve@example.com'])
    await assert.rejects(mail.send(message({ to })), { code: 'mail_refused' })
  assert.deepEqual(recipients, [])
})

for (const [status, code] of [
  [421, 'mail_unavailable'],
  [451, 'mail_unavailable'],
  [550, 'mail_refused'],
  [552, 'mail_refused'],
  [554, 'mail_refused'],
] as const)
  test(`smtp: an answer of ${status} is ${code}, and the next message goes out`, async t => {
    const { port, taken } = await smtpServer(t, before => (before === 0 ? status : 'take'))
    const { mail } = await open(t, { SMTP_HOST: '127.0.0.1', SMTP_PORT: String(port) })
    await assert.rejects(mail.send(message()), { code })
    await mail.send(message())
    assert.equal(taken.length, 1)
  })

test('smtp: a refused recipient is refused, one who is busy is not', async t => {
  const { port } = await smtpServer(t, undefined, {
    onRcptTo({ address }, _, done) {
      done(Object.assign(new Error('not this one'), { responseCode: address.startsWith('busy') ? 450 : 550 }))
    },
  })
  const { mail } = await open(t, { SMTP_HOST: '127.0.0.1', SMTP_PORT: String(port) })
  await assert.rejects(mail.send(message({ to: 'nobody@example.com' })), { code: 'mail_refused' })
  await assert.rejects(mail.send(message({ to: 'busy@example.com' })), { code: 'mail_unavailable' })
})

test('smtp: a connection cut after the whole message was sent is no failure: nobody may send it again', async t => {
  const { port, seen, taken } = await smtpServer(t, before => (before === 0 ? 'hang up' : 'take'))
  const { mail } = await open(t, { SMTP_HOST: '127.0.0.1', SMTP_PORT: String(port) })
  assert.equal(await mail.send(message()), 'unanswered')
  assert.equal(seen.length, 1, 'the pool did not send it again by itself')
  const next = message()
  assert.equal(await mail.send(next), 'taken')
  assert.deepEqual([taken.length, taken[0]!.messageId], [1, `<${next.id}@ohmnibus.example.com>`])
})

test('smtp: a server that is silent after the whole message is left after a while, and that is no failure either', async t => {
  const { port, seen } = await smtpServer(t, () => 'say nothing')
  const { mail } = await open(t, { SMTP_HOST: '127.0.0.1', SMTP_PORT: String(port) }, 300)
  assert.equal(await mail.send(message()), 'unanswered')
  assert.equal(seen.length, 1)
})

test('smtp: a connection cut before the message or in the middle of it is a failure, and the next try is whole', async t => {
  for (const bytes of ['before', 1, 2_000] as const) {
    const { port, tries } = await cutInMessage(t, bytes)
    const { mail } = await open(t, { SMTP_HOST: '127.0.0.1', SMTP_PORT: String(port) })
    // More than a connection buffers: on a busy machine a short one would be out, whole, before the cut is heard of.
    const sent = message({ text: 'a long story\n'.repeat(400_000) })
    await assert.rejects(mail.send(sent), { code: 'mail_unavailable', status: 503 })
    assert.equal(await mail.send(sent), 'taken')
    assert.equal(tries(), 2)
  }
})

test('smtp: a slow server is waited for, one that stops talking is not', async t => {
  const { port, taken } = await smtpServer(t, undefined, {
    onMailFrom: (_address, _session, done) => void setTimeout(done, 150),
    onRcptTo({ address }, _session, done) {
      if (!address.startsWith('never')) setTimeout(done, 150)
    },
  })
  const { mail } = await open(t, { SMTP_HOST: '127.0.0.1', SMTP_PORT: String(port) }, 600)
  await mail.send(message())
  assert.equal(taken.length, 1)
  const begun = Date.now()
  await assert.rejects(mail.send(message({ to: 'never@example.com' })), { code: 'mail_unavailable' })
  assert.ok(Date.now() - begun < 2_000)
})

test('smtp: no server, and a server that turns the password down, are unavailable, as mending them helps', async t => {
  const nobody = await open(t, { SMTP_HOST: '127.0.0.1', SMTP_PORT: '1' })
  await assert.rejects(nobody.mail.send(message()), { code: 'mail_unavailable' })
  await assert.rejects(nobody.mail.check())

  const { port } = await smtpServer(t, undefined, {
    authOptional: false,
    onAuth: (_auth, _session, done) => done(new Error('wrong password')),
  })
  const wrong = await open(t, {
    SMTP_HOST: '127.0.0.1',
    SMTP_PORT: String(port),
    SMTP_USER: 'ohmnibus',
    SMTP_PASS: 'wrong',
  })
  await assert.rejects(wrong.mail.send(message()), { code: 'mail_unavailable' })
  const without = await open(t, { SMTP_HOST: '127.0.0.1', SMTP_PORT: String(port) })
  await assert.rejects(without.mail.send(message()), { code: 'mail_unavailable' })
})

test('smtp: STARTTLS is used when offered, and the password arrives', async t => {
  const secure: boolean[] = []
  const { port, taken } = await smtpServer(t, undefined, {
    disabledCommands: [],
    authOptional: false,
    onAuth({ username, password }, session, done) {
      secure.push(session.secure)
      if (username === 'ohmnibus' && password === 'right') done(null, { user: username })
      else done(new Error('wrong password'))
    },
  })
  const { mail } = await open(t, {
    SMTP_HOST: '127.0.0.1',
    SMTP_PORT: String(port),
    SMTP_USER: 'ohmnibus',
    SMTP_PASS: 'right',
  })
  await mail.send(message())
  assert.deepEqual([taken.length, secure], [1, [true]])
})

test('smtp: towards another machine a password goes only over TLS whose certificate holds', async t => {
  const passwords: unknown[] = []
  const onAuth = (auth: { password?: string }, _: unknown, done: (error: null, response: { user: string }) => void) => {
    passwords.push(auth.password)
    done(null, { user: 'ohmnibus' })
  }
  // Another name for this machine that is not one of those we trust as ourselves.
  const login = { SMTP_HOST: '127.0.0.2', SMTP_USER: 'ohmnibus', SMTP_PASS: 'right' }
  for (const disabledCommands of [['STARTTLS'], []]) {
    const { port } = await smtpServer(
      t,
      undefined,
      { disabledCommands, authOptional: false, onAuth: onAuth as never },
      '127.0.0.2',
    )
    const { mail } = await open(t, { ...login, SMTP_PORT: String(port) })
    await assert.rejects(mail.send(message()), { code: 'mail_unavailable' })
  }
  assert.deepEqual(passwords, [])
})

test('sendgrid: both parts, sender, id and event arrive; nothing is counted or rewritten', async t => {
  const { environment, taken } = await sendgridApi(t)
  const { mail } = await open(t, { ...environment, FROM_EMAIL: 'hello@ohmnibus.example', FROM_NAME: 'Ohmnibus, Inc.' })
  const sent = message()
  assert.equal(await mail.send(sent), 'taken')
  const [got] = taken
  assert.deepEqual(got!.from, { name: 'Ohmnibus, Inc.', email: 'hello@ohmnibus.example' })
  assert.deepEqual(got!.content, [
    { type: 'text/plain', value: sent.text },
    { type: 'text/html', value: sent.html },
  ])
  assert.deepEqual(got!.personalizations[0]!.to, [{ email: 'ada@example.com' }])
  assert.deepEqual(got!.custom_args, { message_id: sent.id, event: 'send-otp' })
  assert.equal(got!.headers['Message-ID'], `<${sent.id}@ohmnibus.example>`)
  assert.deepEqual(got!.tracking_settings, {
    click_tracking: { enable: false, enable_text: false },
    open_tracking: { enable: false },
  })
})

for (const [status, code] of [
  [400, 'mail_refused'],
  [413, 'mail_refused'],
  [401, 'mail_unavailable'],
  [403, 'mail_unavailable'],
  [429, 'mail_unavailable'],
  [500, 'mail_unavailable'],
  [503, 'mail_unavailable'],
] as const)
  test(`sendgrid: an answer of ${status} is ${code} with what it said, and the next message goes out`, async t => {
    const { environment, taken } = await sendgridApi(t, before => (before === 0 ? status : 'take'))
    const { mail } = await open(t, environment)
    const refusal = await mail.send(message()).then(
      () => assert.fail('it was taken'),
      error => error,
    )
    assert.deepEqual([refusal.code, refusal.message], [code, `SendGrid: ${status} not like this, says the test`])
    if (status === 429)
      assert.ok(refusal.details.retryAfter > 5 && refusal.details.retryAfter <= 17, String(refusal.details.retryAfter))
    assert.doesNotMatch(JSON.stringify(refusal), /SG\.right/)
    await mail.send(message())
    assert.equal(taken.length, 1)
  })

test('sendgrid: an answer that is lost or does not come is no failure, a connection that never was is one', async t => {
  for (const verdict of ['hang up', 'say nothing'] as const) {
    const { environment, taken } = await sendgridApi(t, before => (before === 0 ? verdict : 'take'))
    const { mail } = await open(t, environment, 300)
    assert.equal(await mail.send(message()), 'unanswered')
    assert.equal(await mail.send(message()), 'taken')
    assert.equal(taken.length, 1)
  }
  const nobody = await open(t, { SENDGRID_API_KEY: 'SG.right', SENDGRID_BASE_URL: 'http://127.0.0.1:1' })
  await assert.rejects(nobody.mail.send(message()), { code: 'mail_unavailable', message: /ECONNREFUSED/ })
  await assert.rejects(nobody.mail.check(), { code: 'mail_unavailable' })
})

test('sendgrid: a wrong key is told by the check, without the key', async t => {
  const { environment } = await sendgridApi(t)
  const { mail } = await open(t, { ...environment, SENDGRID_API_KEY: 'SG.wrong' })
  const error = await mail.check().catch(error => error)
  assert.match(error.message, /^SendGrid: 401/)
  assert.doesNotMatch(inspect(error, { depth: 9 }), /SG\.wrong/)
  await assert.rejects(mail.send(message()), { code: 'mail_unavailable' })
})

test('two ways out, and a key that is none, are faults of the settings', () => {
  const faults = (environment: Record<string, string>) => faultsOf(readSettings(declared, environment))
  assert.deepEqual(faults({ SMTP_HOST: 'mail.example.com' }), [])
  assert.deepEqual(faults({ SENDGRID_API_KEY: 'SG.x' }), [])
  assert.match(
    faults({ SMTP_HOST: 'mail.example.com', SENDGRID_API_KEY: 'SG.x' }).join(),
    /^SENDGRID_API_KEY: stands beside SMTP_HOST/,
  )
  const [fault] = faults({ SENDGRID_API_KEY: 'geheim' })
  assert.match(fault!, /^SENDGRID_API_KEY: .*SG\./)
  assert.doesNotMatch(fault!, /geheim/)
})
