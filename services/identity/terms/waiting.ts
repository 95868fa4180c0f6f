import type { IdentityHost } from '../host.ts'
import { answersOf, listTerms } from './store.ts'
import { openOf, type Terms } from './terms.ts'

/** How long a process goes by what it has read: every process asks people within this time. */
const readEveryMs = 60_000

/** Which terms wait for whom. Where there are none nobody waits for the database. */
export function openTerms({ db, now }: Pick<IdentityHost, 'db' | 'now'>) {
  let read: { at: number; all: readonly Terms[] } | undefined

  async function all(): Promise<readonly Terms[]> {
    const at = now().getTime()
    if (!read || Math.abs(at - read.at) > readEveryMs) read = { at, all: await listTerms(db) }
    return read.all
  }

  return {
    /** Whether somebody who proved at `signedInAt` to be it has to answer something that held by then. */
    async wait(userId: string, signedInAt: Date): Promise<boolean> {
      const known = await all()
      if (openOf(known, [], signedInAt).length === 0) return false
      return openOf(known, await answersOf(db, userId), signedInAt).length > 0
    },
    /** Reads them anew: this process has just changed them. */
    changed: (): void => void (read = undefined),
  }
}

export type WaitingTerms = ReturnType<typeof openTerms>
