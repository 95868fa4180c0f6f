import { listSettings, SettingChanged, wordsFor, type Worded } from '../../contracts/admin.ts'
import type { CallContract, EventContract } from '../../contracts/define.ts'

/** As this process heard it last: asked for once it listens, again while nobody answers, and followed from the start. */
export function openNotice({
  calls,
  events,
}: {
  // Of all calls and events, each with types of its own.
  calls: { answers(call: CallContract): boolean; ask(call: CallContract, input: object, asker: string): Promise<any> }
  events: { watch(event: EventContract, handler: (event: any) => void): void }
}) {
  const said = new Map<string, { value: unknown; version: number }>()
  let again: NodeJS.Timeout | undefined
  let isOver = false
  const take = (one: { key: string; value: unknown; version: number }): void => {
    if (one.version > (said.get(one.key)?.version ?? 0)) said.set(one.key, one)
  }
  async function load(): Promise<void> {
    if (!calls.answers(listSettings)) return
    try {
      const { settings } = await calls.ask(listSettings, {}, 'kernel')
      settings.forEach(take)
    } catch {
      if (!isOver) again = setTimeout(load, 5_000).unref()
    }
  }
  events.watch(SettingChanged, take)
  return {
    in: (language: string, about: Worded = 'notice'): string => wordsFor(about, language, key => said.get(key)?.value),
    load,
    async close(): Promise<void> {
      isOver = true
      clearTimeout(again)
    },
  }
}
