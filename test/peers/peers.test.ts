import { suite, test, type TestContext } from 'node:test'
import type { OcppVersion } from '#contracts/ocpp'
import { javaWithOcpp, pythonWithOcpp } from '../../tools/engines/chargers.ts'
import { charges } from './charging.ts'
import { everyMessage } from './messages.ts'
import { ocppRpc, program, type Peer } from './peer.ts'

interface Kind {
  readonly versions: OcppVersion[]
  open(t: TestContext): Peer | Promise<Peer>
  /** What it has no words for, or wrong ones that its own validator refuses. */
  readonly unsayable?: Partial<Record<OcppVersion, string[]>>
}

const peers: Record<string, Kind> = {
  'ocpp-rpc of npm, strict,': { versions: ['ocpp1.6', 'ocpp2.0.1'], open: ocppRpc },
  'ocpp of PyPI': {
    versions: ['ocpp1.6', 'ocpp2.0.1', 'ocpp2.1'],
    open: t => program(t, 'Python with ocpp', pythonWithOcpp, 'charger.py'),
    unsayable: { 'ocpp2.1': ['BatterySwap', 'Get15118EVCertificate', 'NotifyPeriodicEventStream'] },
  },
  'Java-OCA-OCPP of Maven Central': {
    versions: ['ocpp1.6'],
    open: t => program(t, 'Java with Java-OCA-OCPP', javaWithOcpp, 'Charger.java'),
  },
}

for (const [name, { versions, open, unsayable }] of Object.entries(peers))
  suite(`a charger by ${name}`, () => {
    for (const version of versions) {
      test(`of ${version} charges a car, is commanded, and comes again`, async t => charges(t, await open(t), version))
      test(`of ${version} takes every command and every answer`, async t =>
        everyMessage(t, await open(t), version, unsayable?.[version] ?? []))
    }
  })
