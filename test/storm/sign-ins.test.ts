import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { start } from '../../kernel/testing.ts'
import { choose } from '../../services/all.ts'
import { baseline, client } from '../journeys/client.ts'

const admin = { email: 'root@example.com', password: 'quiet trains at dawn' }
const count = Number(process.env.OHMNIBUS_SIGN_INS ?? 500)

test(
  '10,000 sign-ins at once: the queue answers 503 with Retry-After, and a passport is read beside it as before (500 unless OHMNIBUS_SIGN_INS says more)',
  // Connections that come faster than they are taken are asked for again seconds later.
  { timeout: Math.max(300_000, count * 90) },
  async t => {
    const p = await start(t, await choose(['identity', 'documents', 'passports']), {
      environment: {
        ADMIN_EMAIL: admin.email,
        ADMIN_PASSWORD: admin.password,
        RATE_LIMIT_FACTOR: '1000000',
        JWT_ACCESS_EXPIRY: '1h',
      },
    })
    const address = await p.listen()
    const root = client(address)
    root.use(await root.get(200, 'POST /api/auth/login', admin))
    const { id } = await root.get(201, 'POST /api/passports', { data: baseline('BP-2024-001') })
    let isOver = false
    const read = async (enough: () => boolean): Promise<number[]> => {
      const took: number[] = []
      while (!enough()) {
        const began = performance.now()
        await root.get(200, `GET /api/passports/${id}`)
        took.push(performance.now() - began)
      }
      return took.toSorted((one, other) => one - other)
    }
    let left = 200
    const calm = await read(() => left-- === 0)
    const clients = join(import.meta.dirname, 'clients.ts')
    const storm = promisify(execFile)(process.execPath, [
      clients,
      address,
      String(count),
      JSON.stringify(admin),
    ]).finally(() => (isOver = true))
    const beside = await read(() => isOver)
    const answered = JSON.parse((await storm).stdout)
    const middle = (took: number[]): string => took[took.length >> 1]!.toFixed(2)
    t.diagnostic(
      `${JSON.stringify(answered)}; ${beside.length} reads beside it, p50 ${middle(beside)} ms, ${middle(calm)} ms before`,
    )
    assert.deepEqual(
      Object.keys(answered).toSorted(),
      ['200', '503'],
      'none is lost, and each 503 says when to come back',
    )
    assert.equal(answered[200] + answered[503], count)
    assert.ok(answered[503] > 0, 'the queue has an end')
    // How quick they are is measured (npm run bench); that all are answered all the while is not a matter of luck.
    assert.ok(beside.length > 50, `${beside.length} reads`)
    await root.get(200, 'POST /api/auth/login', admin)
  },
)
