import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ChargerRegistered } from '#contracts/ocpp'
import { open } from './testing.ts'

const production = { environment: { OCPP_UNKNOWN_CHARGERS: 'hold' } }

async function opened(t: Parameters<typeof open>[0]) {
  const it = await open(t, production)
  const ada = it.as()
  /** Sends a file and waits for what becomes of it. */
  const take = async (what: string, csv: string, query = '') => {
    const answer = await fetch(`${it.url}/api/ocpp/${what}/import${query}`, {
      method: 'POST',
      headers: { ...ada.headers, 'content-type': 'text/csv' },
      body: csv,
    })
    const sent: any = await answer.json()
    if (answer.status !== 202) return sent
    await it.p.settle()
    const { body } = await ada.get(answer.headers.get('location')!.replace('/api/ocpp', ''))
    return body
  }
  const counts = ({ created, updated, unchanged, failed, faults }: any) => [
    created,
    updated,
    unchanged,
    failed,
    faults.map(({ line, column, detail }: any) => ({ line, column, detail })),
  ]
  return { ...it, ada, take, counts }
}

// As MariaDB writes a table of SteVe, and PostgreSQL one of CitrineOS.
const chargeBoxes = `charge_box_pk\tcharge_box_id\tendpoint_address\tocpp_protocol\tregistration_status\tcharge_point_vendor\tdescription\tlast_heartbeat_timestamp\tinsert_connector_status_after_transaction_msg
1\tCP-1\tNULL\tocpp1.6J\tAccepted\tVoltaic\tCar park, left\t2026-11-28 08:00:00.000000\t1
2\tSäule 7\tNULL\tocpp1.6J\tPending\tVoltaic\tNULL\tNULL\t1
3\tno:colon\tNULL\tocpp1.6J\tAccepted\tVoltaic\tNULL\tNULL\t1
`
const chargingStations = `id,isOnline,protocol,latestOcppMessageTimestamp,chargePointVendor,coordinates,floorLevel,use16StatusNotification0,locationId,tenantId,createdAt,updatedAt,pkId
CS-1,t,ocpp2.0.1,2026-11-28 08:00:00+00,Voltaic,,,t,1,1,2026-01-01 00:00:00+00,2026-01-01 00:00:00+00,1
`
const tags = `ocpp_tag_pk,id_tag,parent_id_tag,expiry_date,max_active_transaction_count,note
1,04A2B9,FLEET,2099-12-31 00:00:00.000000,1,Blue card
2,BLOCKED,NULL,NULL,0,NULL
3,MANY,NULL,NULL,-1,NULL
`
const authorizations = `id,idToken,idTokenType,additionalInfo,status,cacheExpiryDateTime,groupAuthorizationId,concurrentTransaction,tenantId,createdAt,updatedAt
7,DE-8AA-C12345678-X,eMAID,,Accepted,2099-12-31 00:00:00+00,3,t,1,2026-01-01 00:00:00+00,2026-01-01 00:00:00+00
8,1234,KeyCode,,Invalid,,,f,1,2026-01-01 00:00:00+00,2026-01-01 00:00:00+00
`

test('chargers come over from SteVe and CitrineOS as their tables are, and the first password each brings is its own', async t => {
  const { p, ada, take, counts, charger } = await opened(t)
  const dry = await take('chargers', chargeBoxes, '?dryRun=true')
  assert.deepEqual(counts(dry).slice(0, 4), [2, 0, 0, 1])
  assert.deepEqual((await ada.get('/chargers/count')).body.count, 0)
  const done = await take('chargers', chargeBoxes)
  assert.deepEqual(counts(done), [
    2,
    0,
    0,
    1,
    [{ line: 4, column: 'id', detail: 'must be an identity: 1 to 48 characters, no colon' }],
  ])
  assert.deepEqual(counts(await take('chargers', chargeBoxes)).slice(0, 4), [0, 0, 2, 1])
  assert.deepEqual(counts(await take('chargers', chargingStations)).slice(0, 4), [1, 0, 0, 0])
  const { items } = (await ada.get('/chargers')).body
  assert.deepEqual(
    new Set(items.map(({ id, name, status, password }: any) => [id, name, status, password].join(' | '))),
    new Set(['CS-1 |  | accepted | first', 'Säule 7 |  | pending | first', 'CP-1 | Car park, left | accepted | first']),
  )
  assert.equal((await p.published(ChargerRegistered)).length, 3)

  const password = 'as it was at home: 0123456789'
  await assert.rejects(charger('CP-1'), /401/)
  await (await charger('CP-1', 'ocpp1.6', { password })).close()
  await assert.rejects(charger('CP-1', 'ocpp1.6', { password: 'another one: 0123456789' }), /401/)
  await (await charger('CP-1', 'ocpp1.6', { password })).close()
  assert.equal((await ada.get('/chargers/CP-1')).body.password, 'set')
})

test('a file of our own says how each proves itself', async t => {
  const { ada, take, counts, charger } = await opened(t)
  const csv = 'id;name;password;security\nCP-1;Left;a password of 20 bytes;\nCP-2;Right;;none\n'
  assert.deepEqual(counts(await take('chargers', csv)).slice(0, 4), [2, 0, 0, 0])
  await charger('CP-1', 'ocpp1.6', { password: 'a password of 20 bytes' })
  await charger('CP-2')
  assert.deepEqual(counts(await take('chargers', 'id,name\nCP-1,Middle\n')).slice(0, 4), [0, 1, 0, 0])
  assert.equal((await ada.get('/chargers/CP-1')).body.name, 'Middle')
  assert.equal((await take('chargers', 'id,colour\nCP-1,red\n')).code, 'import_invalid')
})

test('tokens come over with their groups, ends and blocks', async t => {
  const { ada, take, counts } = await opened(t)
  assert.deepEqual(counts(await take('tokens', tags)), [3, 0, 0, 0, []])
  assert.deepEqual(counts(await take('tokens', tags)), [0, 0, 3, 0, []])
  assert.deepEqual(counts(await take('tokens', authorizations)), [2, 0, 0, 0, []])
  const { items } = (await ada.get('/tokens')).body
  const shown = ({ idToken, type, groupId, label, status, expiresAt, exclusive }: any) =>
    [idToken, type, groupId, label, status, expiresAt?.slice(0, 10), exclusive].join(' ')
  assert.deepEqual(
    new Set(items.map(shown)),
    new Set([
      '04A2B9 ISO14443 FLEET Blue card accepted 2099-12-31 true',
      'BLOCKED ISO14443   blocked  false',
      'MANY ISO14443   accepted  false',
      'DE8AAC12345678X eMAID 3  accepted 2099-12-31 false',
      '1234 KeyCode   blocked  true',
    ]),
  )
})

test('who sent files finds them again by their names, the latest first, those of one kind alone; nobody else does', async t => {
  const { ada, as, take } = await opened(t)
  const first = await take('tokens', 'idToken,type\nCARD-1,ISO14443\n', '?file=cards.csv')
  const second = await take('tokens', 'idToken,type\nCARD-1,ISO14443\n,ISO14443\n', '?file=again.csv&dryRun=true')
  await take('chargers', 'id\nCP-9\n')
  const { body } = await ada.get('/tokens/imports?limit=1')
  const { id, what, file, dryRun, state, failed, faults } = body.items[0]
  assert.deepEqual(
    [id, what, file, dryRun, state, failed, faults],
    [second.id, 'tokens', 'again.csv', true, 'done', 1, undefined],
    'what was wrong with which line is told of one alone',
  )
  const rest = (await ada.get(`/tokens/imports?limit=1&after=${body.nextCursor}`)).body
  assert.deepEqual([rest.items[0].id, rest.items[0].file, rest.nextCursor], [first.id, 'cards.csv', null])
  const [charger] = (await ada.get('/chargers/imports')).body.items
  assert.deepEqual([charger.what, charger.file], ['chargers', null])
  assert.deepEqual((await as().get('/tokens/imports')).body.items, [])
  assert.equal((await ada.get('/tokens/imports?after=nowhere')).status, 400)
})
