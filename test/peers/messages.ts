import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { OcppVersion } from '#contracts/ocpp'
import { commands } from '../../services/ocpp/commands/actions.ts'
import { handlers } from '../../services/ocpp/messages/handlers.ts'
import { schemaOf } from '../../services/ocpp/messages/schemas.ts'
import { least } from '../../services/ocpp/testing.ts'
import type { Peer } from './peer.ts'
import { leastAnswers, siteFor } from './site.ts'

/** What need not be said, and some libraries want all the same. */
const more: Partial<Record<OcppVersion, Record<string, object>>> = {
  'ocpp1.6': {
    SecurityEventNotification: { techInfo: 'x' },
    SignedFirmwareStatusNotification: { requestId: 1 },
    LogStatusNotification: { requestId: 1 },
  },
}

/** Every message of a version, both ways, with the least that has to be in it. */
export async function everyMessage(
  t: TestContext,
  peer: Peer,
  version: OcppVersion,
  unsayable: readonly string[],
): Promise<void> {
  const site = await siteFor(t, peer, version)
  const sample = (action: string) => least(schemaOf(version, action, 'request')) as object
  const faults: string[] = []
  await site.connect(leastAnswers(version))
  for (const action of Object.keys(handlers[version]).filter(action => !unsayable.includes(action)))
    await peer
      .call(action, { ...sample(action), ...more[version]?.[action] })
      .catch(error => faults.push(`${action}: ${error.message}`))
  for (const action of commands[version]) {
    const { status, body } = await site.command(action, sample(action))
    if (status !== 200) faults.push(`${action}: ${JSON.stringify(body)}`)
  }
  assert.deepEqual(faults, [])
  assert.deepEqual(new Set(peer.commanded.map(({ action }) => action)), new Set(commands[version]))
}
