import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { simpleParser, type ParsedMail } from 'mailparser'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'

/**
 * What the server does with a message: takes it, answers with a status, or after the last byte hangs up or keeps the
 * connection without a word.
 */
export type Verdict = 'take' | 'hang up' | 'say nothing' | number

/** A real SMTP server in this process. `judge` is asked for each message, with how many came before it. */
export async function smtpServer(
  t: TestContext,
  judge: (before: number) => Verdict = () => 'take',
  options: SMTPServerOptions = {},
  host = '127.0.0.1',
) {
  const taken: ParsedMail[] = []
  const seen: ParsedMail[] = []
  const recipients: string[] = []
  const sockets = new Set<Socket>()
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    closeTimeout: 100,
    ...options,
    onData(stream, session, done) {
      simpleParser(stream, (error, mail) => {
        if (error) return done(error)
        const verdict = judge(seen.length)
        seen.push(mail)
        recipients.push(...session.envelope.rcptTo.map(({ address }) => address))
        if (verdict === 'hang up') return sockets.forEach(socket => socket.destroy())
        if (verdict === 'say nothing') return
        if (verdict !== 'take')
          return done(Object.assign(new Error('not like this, says the test'), { responseCode: verdict }))
        taken.push(mail)
        done()
      })
    },
  })
  server.on('error', () => {})
  const listener = server.server
  listener.on('connection', socket => sockets.add(socket))
  await new Promise<void>(listening => server.listen(0, host, listening))
  t.after(() => new Promise<void>(closed => server.close(() => closed())))
  return { port: (listener.address() as AddressInfo).port, taken, seen, recipients }
}

/**
 * An SMTP server whose first connection breaks as the message begins, or after so many bytes of it; it takes those that
 * follow.
 */
export async function cutInMessage(t: TestContext, when: 'before' | number) {
  const { port, taken } = await smtpServer(t)
  let tries = 0
  const proxy = createServer(client => {
    const first = tries++ === 0
    const server = connect(port, '127.0.0.1')
    let left = when === 'before' ? 0 : when
    let message = false
    client.on('data', data => {
      if (first && message && (left -= data.length) <= 0) return client.destroy()
      message ||= when !== 'before' && /^DATA\r\n/m.test(data.toString('latin1'))
      if (first && when === 'before' && /^DATA\r\n/m.test(data.toString('latin1'))) return client.destroy()
      server.write(data)
    })
    server.on('data', data => client.write(data))
    for (const socket of [client, server])
      socket.on('error', () => {}).on('close', () => (client.destroy(), server.destroy()))
  })
  await new Promise<void>(listening => proxy.listen(0, '127.0.0.1', listening))
  t.after(() => proxy.close())
  return { port: (proxy.address() as AddressInfo).port, taken, tries: () => tries }
}
