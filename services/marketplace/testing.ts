import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { getDocumentFile } from '#contracts/documents'
import type { EventData } from '#contracts/define'
import { getProducts } from '#contracts/marketplace'
import { OrderCompleted } from '#contracts/orders'
import { getPassportFacts, type PassportFacts, type PassportStatus } from '#contracts/passports'
import type { Owner } from '#contracts/shared'
import { defineService, fail, newId, type Actor, type Host } from '#kernel'
import { answering, start, type TestOptions, type TestPlatform } from '../../kernel/testing.ts'
import { marketplace } from './service.ts'

/** A file that a vendor has uploaded. */
export interface Uploaded {
  owner: Owner
  fileKey: string
  sizeBytes: number
}

/** What a passport of another service says. */
export interface KnownPassport {
  owner: Owner
  status: PassportStatus
  facts: PassportFacts | null
}

type Ask = Host<'asker', typeof getProducts>['ask']

/** The marketplace with a clock that tests move; documents and passports are what tests say. */
export async function open(t: TestContext, options: TestOptions = {}) {
  let at = new Date('2027-02-18T08:00:00.000Z').getTime()
  const passports = new Map<string, KnownPassport>()
  const documents = new Map<string, Uploaded>()
  let ask: Ask | undefined
  const asker = defineService({
    name: 'asker',
    folder: import.meta.filename,
    needs: [getProducts],
    start: host => void (ask = host.ask),
  })
  const p = await start(t, [marketplace, asker], {
    now: () => new Date(at),
    ...options,
    answers: [
      answering(getPassportFacts, async ({ passportId }) => {
        const known = passports.get(passportId)
        return known ? { passportId, ...known } : fail('not_found', 'passport_unknown')
      }),
      answering(getDocumentFile, async ({ docId }) => {
        const known = documents.get(docId)
        if (!known) return { state: 'unknown' as const, scanned: false, fileKey: null }
        return { state: 'released' as const, scanned: false, ...known, sha256: null }
      }),
      ...(options.answers ?? []),
    ],
  })
  const as = (actor: Partial<Actor> = {}) => client(p, actor)
  return {
    p,
    db: p.db('marketplace'),
    products: async (...productIds: string[]) => (await ask!(getProducts, { productIds })).products,
    passports,
    documents,
    pass: (ms: number) => void (at += ms),
    as,
    vendor: (actor: Partial<Actor> = {}) => as({ role: 'vendor', ...actor }),
    admin: () => as({ role: 'admin' }),
    /** Nobody who is signed in. */
    async visit(path: string, headers: Record<string, string> = {}) {
      const answer = await p.http.inject({ url: path, headers })
      return { status: answer.statusCode, text: answer.body, headers: answer.headers, raw: answer.rawPayload }
    },
    /** An order that has arrived. */
    async received(userId: string, productId: string, more: Partial<EventData<typeof OrderCompleted>> = {}) {
      const item = { lineId: newId(), productId, variantId: newId(), vendorId: newId(), quantity: 1 }
      const orderId = newId()
      await p.publish(OrderCompleted, {
        number: 'K7M2Q-9XWTB',
        version: 1,
        orderId,
        userId,
        items: [item],
        completedAt: new Date(at).toISOString(),
        ...more,
      })
      await p.settle()
      return orderId
    },
  }
}

export type Market = Awaited<ReturnType<typeof open>>
export type Client = ReturnType<typeof client>

/** Somebody who signs in anew for each request: tokens end, and tests move the clock. */
export function client(p: TestPlatform, actor: Partial<Actor>) {
  const who = { userId: newId(), ...actor }
  const send =
    (method: 'GET' | 'POST' | 'PUT' | 'DELETE', prefix = '/api/marketplace') =>
    async (path: string, payload?: object | string, headers: Record<string, string> = {}) => {
      const answer = await p.http.inject({
        method,
        url: prefix + path,
        headers: { ...p.signedIn(who), ...headers },
        payload,
      })
      const isJson = /json/.test(String(answer.headers['content-type']))
      const body = isJson && answer.body ? JSON.parse(answer.body) : undefined
      return { status: answer.statusCode, headers: answer.headers, text: answer.body, body, raw: answer.rawPayload }
    }
  const post = send('POST')
  return {
    userId: who.userId,
    get: send('GET'),
    post,
    put: send('PUT'),
    delete: send('DELETE'),
    /** A product that the vendor offers; fails where it is refused. */
    async offer(body: object = {}): Promise<any> {
      const made = await post('/products', { name: 'Wallbox 11 kW', price: 49_900, stock: 10, ...body })
      assert.equal(made.status, 201, made.text)
      return made.body
    },
  }
}

/** A product that is for sale. */
export async function onSale(market: Market, body: object = {}, vendor: Client = market.vendor()): Promise<any> {
  const product = await vendor.offer(body)
  const { status, text } = await market.admin().post(`/products/${product.id}/approve`)
  assert.equal(status, 200, text)
  await market.p.settle()
  return product
}
