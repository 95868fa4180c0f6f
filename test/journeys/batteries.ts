import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { textsIn } from '../../services/passports/labels/codes.ts'
import { freePort } from '../../tools/engines/recipe.ts'
import { until } from '../fault/product.ts'
import { client, codeIn, mailsIn, register, type Client } from './client.ts'
import { oneProcess as inOneProcess, split as splitSite, type Site } from './sites.ts'

export { notSplit } from './sites.ts'

const password = 'quiet trains at dawn'
const admin = { email: 'root@example.com', password: 'no train before dawn' }

/** Those that a battery passes through on its way from a spreadsheet to whoever scans it. */
const parts = ['identity', 'documents', 'notifications', 'passports', 'gateway']

const environment = async () => ({
  PORT: `${await freePort()}`,
  ADMIN_EMAIL: admin.email,
  ADMIN_PASSWORD: admin.password,
})

/** A platform for a journey; `now` is the clock of all of it. */
export type Open = (t: TestContext, now?: () => Date) => Promise<Site>

/** With each service in a process of its own, behind a gateway. */
export const split: Open = async (t, now) =>
  await splitSite(t, {
    parts,
    environment: { ADMIN_EMAIL: admin.email, ADMIN_PASSWORD: admin.password },
    ...(now && { now }),
  })

/** In one process. */
export const oneProcess: Open = async (t, now) =>
  await inOneProcess(t, { parts, environment: await environment(), ...(now && { now }) })

/** People of a journey, who come on board as everybody does. */
export function people(site: Site) {
  const signIn = async (who: Client, as: { email: string; password: string }): Promise<void> =>
    who.use(await who.get(200, 'POST /api/auth/login', as))
  const codeFor = async (email: string): Promise<string> => {
    await site.settle()
    return codeIn(
      (await mailsIn(site.mailFolder)).filter(({ to, event }) => to === email && event === 'send-otp').at(-1)!,
    )
  }

  async function person(name: string) {
    const who = client(site.address)
    const email = `${name.toLowerCase()}@example.com`
    const { user } = await register(who, '/api/auth', { email, password, name }, codeFor)
    return { ...who, id: user.id, again: () => signIn(who, { email, password }) }
  }

  async function root(): Promise<Client> {
    const who = client(site.address)
    await signIn(who, admin)
    return who
  }

  /** Somebody who acts for an organisation that an admin has verified to be this. */
  async function operator(name: string, organisation: string, kind: string, gln: string) {
    const who = await person(name)
    const { id } = await who.get(201, 'POST /api/auth/organisations', { name: organisation })
    const at = `/api/auth/organisations/${id}`
    const act = async (): Promise<void> => who.use(await who.get(200, `POST ${at}/switch`))
    await act()
    await who.get(200, `PUT ${at}/identifiers`, { identifiers: [{ scheme: 'GLN', value: gln }] })
    const docId = await bring(who, 'register.pdf', { kind: 'other' })
    const asked = await who.get(201, `POST ${at}/kinds`, { kind, evidence: [docId] })
    await (await root()).get(200, `PUT /api/auth/organisation-kinds/${asked.id}`, { state: 'verified' })
    await site.settle()
    const again = async (): Promise<void> => {
      await who.again()
      await act()
    }
    return { ...who, organisationId: id as string, again }
  }

  return { person, root, operator }
}

/** Uploads a small file; answers its id. */
export async function bring(who: Client, name: string, fields: Record<string, string>): Promise<string> {
  const form = new FormData()
  for (const [field, value] of Object.entries(fields)) form.append(field, value)
  form.append('file', new File([`%PDF-1.7\n${name} says what it says`], name))
  return (await who.get(201, 'POST /api/documents/upload', form)).docId
}

/** What an order or an import became, when its job is done: thousands take their time. */
export async function became(who: Client, path: string, withinMs = 180_000): Promise<any> {
  let one: any
  const isThrough = async (): Promise<boolean> => {
    one = await who.get(200, `GET ${path}`)
    return !['waiting', 'running'].includes(one.state)
  }
  await until(path, isThrough, withinMs)
  assert.equal(one.state, 'done', JSON.stringify(one).slice(0, 500))
  return one
}

/** Scans the label of a battery as a telephone does: answers the path that its code leads to. */
export async function scan(who: Client, passportId: string, look = 'symbology=qr'): Promise<string> {
  const picture = await who.get(200, `GET /api/passports/${passportId}/label?format=png&sizeMm=40&${look}`)
  const [text] = await textsIn(picture)
  return text!.slice(new URL(text!).origin.length)
}

/** Opens what a code leads to, with all redirects on this machine, in a language. */
export async function openCode(site: Site, path: string, language: string, accept = 'text/html'): Promise<string> {
  let next = path
  for (let hops = 0; hops < 5; hops++) {
    const answer = await fetch(new URL(next, site.address), {
      headers: { accept, 'accept-language': language },
      redirect: 'manual',
    })
    const to = answer.headers.get('location')
    if (!to) {
      assert.equal(answer.status, 200, next)
      return await answer.text()
    }
    const there = new URL(to, site.address)
    next = there.pathname + there.search
  }
  throw new Error(`${path} leads nowhere`)
}
