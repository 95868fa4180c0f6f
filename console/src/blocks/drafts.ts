/** What a person typed and has not saved: kept in the tab until it is saved, or they sign out. */

const keyOf = (name: string): string => `draft ${name}`

export function keepDraft(name: string, value: unknown): void {
  try {
    sessionStorage.setItem(keyOf(name), JSON.stringify(value))
  } catch {
    // A full storage keeps what it has; the form itself stands on the page.
  }
}

export function draftOf(name: string): unknown {
  const text = sessionStorage.getItem(keyOf(name))
  return text === null ? undefined : (JSON.parse(text) as unknown)
}

export const dropDraft = (name: string): void => sessionStorage.removeItem(keyOf(name))
