import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import Type from 'typebox'
import { call, event } from '../../contracts/define.ts'
import { defineService, newId, type Service } from '../../kernel/index.ts'
import { open } from '../../kernel/testing.ts'

const Nothing = Type.Object({})
const asked = (owner: string) => call(owner, `get_${owner}`, Nothing, Nothing)
const Listed = event('posts', 'post.listed', 'id', Type.Object({ id: Type.String() }))
const Unlisted = event('posts', 'post.unlisted', 'id', Type.Object({ id: Type.String() }))

/** A service without tables. Its host is `any`: it may do what types forbid. */
export const plain = (
  name: string,
  start: (host: any) => Promise<void> | void = () => {},
  more: Partial<Service> = {},
): Service => defineService({ name, folder: join(tmpdir(), 'no migrations'), start, ...more })

const needing = (name: string, owner: string): Service =>
  plain(name, host => host.answer(asked(name), async () => ({})), { needs: [asked(owner)] })

/** Platforms that do not start, and what is said about it: to people in one line, about bugs with their cause. */
export const refusals: Record<string, { services: Service[]; message: RegExp; cause?: RegExp; bug?: true }> = {
  'a circle of three': {
    services: [needing('one', 'two'), needing('two', 'three'), needing('three', 'one')],
    message: /^Services need each other in a circle: one → two → three → one\.$/,
  },
  'a circle behind others': {
    services: [needing('one', 'two'), needing('two', 'three'), needing('three', 'two')],
    message: /circle: two → three → two\.$/,
  },
  'two services of one name': {
    services: [plain('posts'), plain('posts')],
    message: /^Two services are called posts\.$/,
  },
  'a need of a service that does not run': {
    services: [needing('one', 'two')],
    message:
      /^one needs get_two of two, which does not run here\. Add it to OHMNIBUS_SERVICES, or say where it runs: TWO_SERVICE_URL$/,
  },
  'a need that its owner does not answer': {
    services: [needing('one', 'two'), plain('two')],
    message: /^one needs get_two of two, which does not answer it\.$/,
  },
  'an answer to a call of somebody else': {
    services: [plain('one', host => host.answer(asked('two'), async () => ({}))), plain('two')],
    message: /^one answers get_two, which belongs to two\.$/,
  },
  'a call that is answered twice': {
    services: [
      plain('one', host => {
        host.answer(asked('one'), async () => ({}))
        host.answer(asked('one'), async () => ({}))
      }),
    ],
    message: /The service one could not start/,
    cause: /one answers get_one twice/,
  },
  'a question without a need': {
    services: [plain('one', host => host.ask(asked('two'), {})), needing('two', 'two')],
    message: /The service one could not start/,
    cause: /one asks get_two without naming it in its needs/,
  },
  'a route without an access rule': {
    services: [
      plain('posts', host => host.http.get('/', { config: {}, schema: { summary: 'Open to whom?' } }, () => ({}))),
    ],
    message: /The service posts could not start/,
    cause: /GET \/api\/posts has no access rule/,
  },
  'a route of the bare framework without an access rule': {
    services: [plain('posts', host => host.http.scope((app: FastifyInstance) => void app.get('/posts', () => ({}))))],
    message: /GET \/posts has no access rule/,
    bug: true,
  },
  'two routes at one place': {
    services: [
      plain('posts', host =>
        [1, 2].forEach(() =>
          host.http.get(
            '/',
            {
              config: { access: { admits: 'public', name: 'x', refuse: () => undefined } },
              schema: { summary: 'Twice' },
            },
            () => ({}),
          ),
        ),
      ),
    ],
    message: /The service posts could not start/,
    cause: /already declared/,
  },
  'a subscription to an event that its owner does not list': {
    services: [
      plain('posts', () => {}, { publishes: [Listed] }),
      plain('readers', host => host.on(Unlisted, { id: 'read', purpose: 'read', from: 'beginning' }, async () => {})),
    ],
    message: /^readers subscribes to post\.unlisted, which posts does not list under what it publishes\.$/,
  },
  'two reactions of a service to one topic': {
    services: [
      plain('posts', () => {}, { publishes: [Listed] }),
      plain('readers', host => {
        host.on(Listed, { id: 'read', purpose: 'read', from: 'beginning' }, async () => {})
        host.on(Listed, { id: 'count', purpose: 'count', from: 'now' }, async () => {})
      }),
    ],
    message: /^readers has two reactions to post\.listed, read and count\. Let one do what is to be done/,
  },
  'two jobs of one name': {
    services: [
      plain('posts', host => {
        host.job('send', async () => {})
        host.job('send', async () => {})
      }),
    ],
    message: /^There are two jobs posts\.send\.$/,
  },
  'a service that fails to start, after it has used what it was given': {
    services: [
      plain('quiet'),
      plain('loud', async host => {
        await host.db`select 1`
        host.every('10 ms', 'make noise', async () => {})
        await host.cache.set(newId(), 1, 1000)
        throw new Error('the speaker is broken')
      }),
    ],
    message: /^The service loud could not start$/,
    cause: /the speaker is broken/,
  },
}

// As a process of its own: is refused everything, and must then have nothing left to do.
if (process.argv[1] === import.meta.filename) {
  for (const { services } of Object.values(refusals)) {
    await open(services).then(
      () => process.send!('started'),
      () => process.send!('refused'),
    )
  }
  process.disconnect!()
}
