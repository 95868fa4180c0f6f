import { base } from './base.ts'

/**
 * An admin acts in the place of somebody, in this tab alone: by a token that stands beside the session of the browser. It
 * ends with the tab, with its time, or by a button.
 */
const kept = 'ohmnibus-acting'

/** The token of who is acted for here; undefined where nobody is. */
export const actingToken = (): string | undefined => sessionStorage.getItem(kept) ?? undefined

export function beginActing(token: string): void {
  sessionStorage.setItem(kept, token)
  location.assign(`${base}/console`)
}

/** Back to being oneself. What does not end at once, as there is no connection, ends with its time. */
export async function stopActing(): Promise<never> {
  const token = actingToken()
  sessionStorage.clear()
  if (token)
    await fetch(`${base}/api/auth/logout`, { method: 'POST', headers: { authorization: `Bearer ${token}` } }).catch(
      () => undefined,
    )
  location.assign(`${base}/console/people`)
  return await new Promise(() => {})
}
