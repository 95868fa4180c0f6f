import type { OcppVersion } from '#contracts/ocpp'
import { Problem, type Db, type Job, type Tx } from '#kernel'
import { findCharger, type Charger } from '../chargers/store.ts'
import { answerOf, type CallCharger } from '../commands/call.ts'
import { findValue } from '../device/lists.ts'
import type { OcppHost } from '../host.ts'
import {
  allEntries,
  findList,
  listWaiting,
  noteState,
  noteTaken,
  takeChanged,
  wantedEntries,
  type Entry,
} from './store.ts'

/** Entries a message and a list where the charger does not say how many it takes. */
const usual = { perMessage: 50, most: 10_000 }

export type SyncList = Job<{ chargerId: string }>

/** Keeps the lists of chargers as the tokens are, by what differs; a list that is not what we think it is anew. */
export function syncLists(host: OcppHost, call: CallCharger): SyncList {
  const { db } = host
  const sync: SyncList = host.job(
    'bring a local list up to date',
    async ({ chargerId }: { chargerId: string }) => await bringUpToDate(host, call, chargerId),
    { tries: 3, urgency: 'bulk' },
  )

  host.every('5 seconds', 'look for lists that changed tokens are for', async () => {
    await db.transaction(async tx => {
      for (const chargerId of await takeChanged(tx)) await tx.enqueue(sync, { chargerId }, { key: chargerId })
    })
  })
  host.every('15 minutes', 'bring lists up to date that still wait', async () => {
    await db.transaction(async tx => {
      for (const { id: chargerId } of await listWaiting(tx)) await tx.enqueue(sync, { chargerId }, { key: chargerId })
    })
  })
  return sync
}

/** Looks at the lists of chargers that have started: they may have others than before. */
export const syncStarted = async (tx: Tx, sync: SyncList, started: readonly string[]): Promise<void> => {
  for (const { id: chargerId } of await listWaiting(tx, started))
    await tx.enqueue(sync, { chargerId }, { key: chargerId })
}

type Send = (action: string, payload: object) => Promise<Record<string, unknown>>

async function bringUpToDate(host: OcppHost, call: CallCharger, chargerId: string): Promise<void> {
  const { db, now } = host
  const charger = await findCharger(db, chargerId)
  if (!charger?.connectionId || charger.status !== 'accepted') return
  const actor = { userId: null, role: 'system' } as const
  const send: Send = async (action, payload) => {
    const { commandId, ended } = await call({ actor }, charger, action, payload)
    return answerOf(commandId, ended)
  }
  try {
    const said = await sendChanges(host, charger, send)
    const state = said === 'Accepted' ? 'current' : said === 'NotSupported' ? 'refused' : 'waiting'
    await db.transaction(tx => noteState(tx, chargerId, state, said, now()))
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    // It cannot do it, or is not there: the next start, or the next look, tries again.
    const state = error.code === 'command_failed' ? 'refused' : 'waiting'
    await db.transaction(tx => noteState(tx, chargerId, state, error.code, now()))
  }
}

/** What the charger says in the end. */
async function sendChanges(host: OcppHost, charger: Charger, send: Send): Promise<string> {
  const { db } = host
  const version = charger.ocppVersion!
  const list = await findList(db, charger.id)
  if (!list) return 'Accepted'
  const has = await send('GetLocalListVersion', {})
  const theirs = Number(version === 'ocpp1.6' ? has.listVersion : has.versionNumber)
  if (theirs < 0) return 'NotSupported'
  const [before, limits] = await Promise.all([allEntries(db, charger.id), limitsOf(db, charger)])
  const wanted = list.enabled ? await wantedEntries(db, list, longest[version], limits.most) : []
  const agrees = theirs === list.version && theirs > 0
  const change = agrees ? difference(before, wanted) : { added: wanted, removed: [] }
  if (agrees && change.added.length + change.removed.length === 0) return 'Accepted'
  const said = await sendAll(host, charger, send, {
    ...change,
    full: !agrees,
    version: theirs,
    size: limits.perMessage,
  })
  // It has something else than we think.
  return said === 'VersionMismatch' || said === 'Failed'
    ? await sendAll(host, charger, send, {
        added: wanted,
        removed: [],
        full: true,
        version: theirs,
        size: limits.perMessage,
      })
    : said
}

interface Change {
  readonly added: readonly Entry[]
  readonly removed: readonly string[]
}

async function sendAll(
  { db }: OcppHost,
  { id, ocppVersion }: Charger,
  send: Send,
  { added, removed, full, version, size }: Change & { full: boolean; version: number; size: number },
): Promise<string> {
  const items = [...added, ...removed]
  // Of a list made anew the first message says so, and others add to it; one without anything empties it.
  for (let at = 0; at === 0 || at < items.length; at += size) {
    const some = items.slice(at, at + size)
    const isFull = full && at === 0
    const next = ++version
    const answer = await send('SendLocalList', payloadOf(ocppVersion!, some, next, isFull))
    if (answer.status !== 'Accepted') return String(answer.status)
    const part = {
      added: some.filter(item => typeof item !== 'string'),
      removed: some.filter(item => typeof item === 'string'),
    }
    await db.transaction(tx => noteTaken(tx, id, { ...part, version: next, full: isFull }))
  }
  return 'Accepted'
}

/** An entry without anything about it is taken off the list (1.6 §5.15, 2.x D01). */
function payloadOf(version: OcppVersion, items: readonly (Entry | string)[], listVersion: number, isFull: boolean) {
  const updateType = isFull ? 'Full' : 'Differential'
  if (version === 'ocpp1.6') {
    const localAuthorizationList = items.map(item =>
      typeof item === 'string'
        ? { idTag: item }
        : {
            idTag: item.idToken,
            idTagInfo: {
              status: item.status === 'blocked' ? 'Blocked' : 'Accepted',
              ...(item.expiresAt && { expiryDate: item.expiresAt.toISOString() }),
              ...(item.groupId && { parentIdTag: item.groupId }),
            },
          },
    )
    return { listVersion, updateType, localAuthorizationList }
  }
  const localAuthorizationList = items.map(item =>
    typeof item === 'string'
      ? { idToken: { idToken: item, type: 'ISO14443' } }
      : {
          idToken: { idToken: item.idToken, type: item.type },
          idTokenInfo: {
            status: item.status === 'blocked' ? 'Blocked' : 'Accepted',
            ...(item.expiresAt && { cacheExpiryDateTime: item.expiresAt.toISOString() }),
            ...(item.groupId && { groupIdToken: { idToken: item.groupId, type: 'Central' } }),
          },
        },
  )
  return {
    versionNumber: listVersion,
    updateType,
    // At least one where there is a list at all.
    ...(localAuthorizationList.length > 0 && { localAuthorizationList }),
  }
}

const longest: Record<OcppVersion, number> = { 'ocpp1.6': 20, 'ocpp2.0.1': 36, 'ocpp2.1': 255 }

function difference(before: readonly Entry[], wanted: readonly Entry[]): Change {
  const keyOf = ({ idToken, type, status, expiresAt, groupId }: Entry): string =>
    JSON.stringify([idToken, type, status, expiresAt, groupId])
  const there = new Set(before.map(keyOf))
  const stays = new Set(wanted.map(({ idToken }) => idToken))
  return {
    added: wanted.filter(entry => !there.has(keyOf(entry))),
    removed: before.map(({ idToken }) => idToken).filter(idToken => !stays.has(idToken)),
  }
}

async function limitsOf(db: Db, { id, ocppVersion }: Charger): Promise<{ perMessage: number; most: number }> {
  const is16 = ocppVersion === 'ocpp1.6'
  const [perMessage, most] = await Promise.all(
    is16
      ? [
          findValue(db, id, { variable: 'SendLocalListMaxLength' }),
          findValue(db, id, { variable: 'LocalAuthListMaxLength' }),
        ]
      : [findValue(db, id, { component: 'LocalAuthListCtrlr', variable: 'ItemsPerMessage' }), mostEntries(db, id)],
  )
  return { perMessage: Number(perMessage) || usual.perMessage, most: Number(most) || usual.most }
}

/** What a list may hold is the limit of how much it holds (2.x, Part 2 appendix 3). */
async function mostEntries(db: Db, id: string): Promise<number | undefined> {
  const [row] = await db<{ most: number | null }[]>`
    select max_limit as most from variables
    where charger_id = ${id} and component = 'LocalAuthListCtrlr' and variable = 'Entries' and attribute = 'Actual'`
  return row?.most ?? undefined
}
