import Type, { type Static } from 'typebox'
import { Problem, type Db } from '#kernel'
import type { Charger } from '../chargers/store.ts'
import { answerOf } from '../commands/call.ts'
import type { Ended } from '../commands/endings.ts'
import { resultsFor, type SetResult } from './learn.ts'
import { findValue } from './lists.ts'
import { namesOf } from './places.ts'

export const Name = Type.String({ minLength: 1, maxLength: 50 })

/** A value that a variable is to have. */
export const Setting = Type.Object({
  component: Type.Optional({ ...Name, description: 'Not for 1.6', examples: ['OCPPCommCtrlr'] }),
  componentInstance: Type.Optional(Name),
  evse: Type.Optional(Type.Integer({ minimum: 1 })),
  connector: Type.Optional(Type.Integer({ minimum: 1 })),
  variable: { ...Name, examples: ['HeartbeatInterval'] },
  variableInstance: Type.Optional(Name),
  attribute: Type.Optional(Type.Enum(['Actual', 'Target', 'MinSet', 'MaxSet'], { examples: ['Actual'] })),
  value: Type.String({ maxLength: 2500, examples: ['300'] }),
})
export type Setting = Static<typeof Setting>

/** So many variables go into one message where the charger does not say how many. */
const usualItems = 10

interface Result {
  variable: string
  status: string
  reason: string | null
}

type Send = (action: string, payload: object) => Promise<{ commandId: string; ended: Ended | undefined }>

/** Sets variables one message after the other. Fails where there is no answer to the first; later ones have failed. */
export async function setVariables(
  db: Db,
  { id, ocppVersion }: Charger,
  settings: readonly Setting[],
  send: Send,
): Promise<Result[]> {
  const is16 = ocppVersion === 'ocpp1.6'
  if (is16) requireKeys(settings)
  const size = is16 ? 1 : await itemsPerMessage(db, id)
  const results: Result[] = []
  for (let at = 0; at < settings.length; at += size) {
    const some = settings.slice(at, at + size)
    try {
      results.push(...(is16 ? await changeKey(some[0]!, send) : await change(some, send)))
    } catch (error) {
      if (!(error instanceof Problem) || at === 0) throw error
      results.push(...some.map(({ variable }) => ({ variable, status: 'Failed', reason: error.message })))
    }
  }
  return results
}

async function changeKey({ variable: key, value }: Setting, send: Send): Promise<Result[]> {
  const { commandId, ended } = await send('ChangeConfiguration', { key, value })
  // That it is rejected is a result.
  const answer = ended?.outcome === 'answered' ? (ended.answer as object) : answerOf(commandId, ended)
  return [{ variable: key, status: String((answer as { status: string }).status), reason: null }]
}

async function change(settings: readonly Setting[], send: Send): Promise<Result[]> {
  const setVariableData = settings.map(({ attribute, value, ...setting }) => ({
    ...namesOf({
      component: setting.component ?? '',
      component_instance: setting.componentInstance ?? '',
      evse: setting.evse ?? 0,
      connector: setting.connector ?? 0,
      variable: setting.variable,
      variable_instance: setting.variableInstance ?? '',
    }),
    ...(attribute && { attributeType: attribute }),
    attributeValue: value,
  }))
  const { commandId, ended } = await send('SetVariables', { setVariableData })
  const answer = answerOf(commandId, ended) as { setVariableResult: SetResult[] }
  return resultsFor(setVariableData, answer.setVariableResult).map(({ variable, result }) => ({
    variable: variable.name,
    status: result?.attributeStatus ?? 'Failed',
    reason: result?.attributeStatusInfo?.additionalInfo ?? result?.attributeStatusInfo?.reasonCode ?? null,
  }))
}

/** 1.6 has keys, and no parts. */
function requireKeys(settings: readonly Setting[]): void {
  const errors = settings.flatMap((setting, index) =>
    (['component', 'componentInstance', 'evse', 'connector', 'variableInstance', 'attribute'] as const)
      .filter(name => setting[name] !== undefined)
      .map(name => ({ pointer: `/variables/${index}/${name}`, detail: 'is not known to a charger of 1.6' })),
  )
  if (errors.length > 0) throw new Problem('unprocessable', 'command_invalid', { errors })
}

async function itemsPerMessage(db: Db, id: string): Promise<number> {
  const said = await findValue(db, id, {
    component: 'DeviceDataCtrlr',
    variable: 'ItemsPerMessage',
    instance: 'SetVariables',
  })
  return Math.max(1, Math.min(50, Number(said) || usualItems))
}
