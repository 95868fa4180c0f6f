import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CertificateEnding, ChargerRegistered } from '#contracts/ocpp'
import { newId } from '#kernel'
import { company, everything, open, self } from './testing.ts'

test('all who look after chargers hear of one that waits to be approved and is nobody’s, else its owner', async t => {
  const p = await open(t)
  const registered = { chargerId: 'CP-1', owner: null, status: 'pending' as const, version: 1 }
  await p.publish(ChargerRegistered, registered)
  await p.publish(ChargerRegistered, { ...registered, chargerId: 'CP-2', status: 'accepted' })
  await p.settle()
  const [en, de] = ['Charger CP-1 waits to be approved', 'Ladestation CP-1 wartet auf Freigabe']
  const all = [`ada@example.com: ${en} (charger.registered)`, `grace@example.com: ${de} (charger.registered)`]
  assert.deepEqual(await everything(p), { mails: all, inApp: all })
})

test('mails about chargers that wait are one where many come', async t => {
  const p = await open(t)
  for (let number = 0; number < 20; number++)
    await p.publish(ChargerRegistered, { chargerId: `CP-${number}`, owner: self, status: 'pending', version: 1 })
  await p.settle()
  await p.hurry()
  const { mails, inApp } = await everything(p)
  assert.equal(inApp.length, 20)
  assert.ok(mails.length < 20 && mails.some(mail => /chargers wait to be approved/.test(mail)), mails.join('; '))
})

test('who has a charger hears that its certificate ends; of one that is nobody’s all who look after chargers', async t => {
  const p = await open(t)
  const ending = { chargerId: 'CP-1', certificateId: newId(), endsAt: '2027-02-18T08:30:00.000Z' }
  await p.publish(CertificateEnding, { ...ending, owner: company })
  await p.settle()
  const { mails, inApp } = await everything(p)
  assert.deepEqual(mails, [
    'ada@example.com: The certificate of charger CP-1 ends soon (certificate.ending)',
    'grace@example.com: Das Zertifikat der Ladestation CP-1 läuft bald ab (certificate.ending)',
  ])
  assert.equal(inApp.length, 4, 'members of the organisation see it')
  await p.publish(CertificateEnding, { ...ending, owner: null, certificateId: newId() })
  await p.settle()
  assert.equal((await everything(p)).inApp.length, 6)
})
