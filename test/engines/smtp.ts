import type { AddressInfo, Server, Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { simpleParser, type ParsedMail } from 'mailparser'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'

/** What the server does with a message: takes it, answers with a status, or hangs up after the last byte without a word. */
export type Verdict = 'take' | 'hang up' | number

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
        if (verdict !== 'take') return done(Object.assign(new Error('not like this, says the test'), { responseCode: verdict }))
        taken.push(mail)
        done()
      })
    },
  })
  server.on('error', () => {})
  const listener = server.server as unknown as Server
  listener.on('connection', socket => sockets.add(socket))
  await new Promise<void>(listening => server.listen(0, host, listening))
  t.after(() => new Promise<void>(closed => server.close(() => closed())))
  return { port: (listener.address() as AddressInfo).port, taken, seen, recipients }
}
