import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { OcppVersion } from '#contracts/ocpp'
import { newId } from '#kernel'
import { start } from '../../kernel/testing.ts'
import { choose } from '../../services/all.ts'
import { commands } from '../../services/ocpp/commands/actions.ts'
import { schemaOf } from '../../services/ocpp/messages/schemas.ts'
import { client, least } from '../../services/ocpp/testing.ts'
import type { Peer } from './peer.ts'

/** The whole platform, an operator, and a charger of theirs that connects with the password it was given. */
export async function siteFor(t: TestContext, peer: Peer, version: OcppVersion) {
  const p = await start(t, await choose())
  const url = await p.listen()
  const operator = client(url, p.signedIn({ role: 'operator' }))
  const id = 'PEER-1'
  const { status, body } = await operator.post('/chargers', { id })
  assert.equal(status, 201)
  return {
    p,
    operator,
    connect: (answers: Readonly<Record<string, object>>) =>
      peer.connect({ url: `${url.replace('http', 'ws')}/ocpp`, id, password: body.passwordOnce, version, answers }),
    reject: () => operator.post(`/chargers/${id}/reject`),
    /** What is known of its charging, the newest first. */
    async sessions(): Promise<object[]> {
      await p.settle()
      const answer = await fetch(`${url}/api/sessions?charger=${id}`, { headers: operator.headers })
      assert.equal(answer.status, 200, await answer.clone().text())
      const { items } = (await answer.json()) as { items: Record<string, unknown>[] }
      return items.map(({ status, evse, energyWh, startedAt, endedAt }) => ({
        status,
        evse,
        energyWh,
        startedAt,
        endedAt,
      }))
    },
    command: (action: string, payload: object) => operator.post(`/chargers/${id}/commands/${action}`, payload),
    card: (idToken: string, { status = 'accepted', expiresAt }: { status?: string; expiresAt?: Date } = {}) =>
      p.db('ocpp')`
        insert into tokens (id, id_token, type, owner_kind, owner_id, group_id, status, expires_at, created_at)
        values (${newId()}, ${idToken}, 'ISO14443', 'person', ${newId()}, 'FLEET', ${status}, ${expiresAt ?? null}, now())`,
  }
}

/** What a charger of a version may answer to every command, with the least that has to be in it. */
export const leastAnswers = (version: OcppVersion): Record<string, object> =>
  Object.fromEntries(commands[version].map(action => [action, least(schemaOf(version, action, 'answer')) as object]))
