import { reachOf, type Audience, type Reach } from '#law'

/** The views of a passport that are told apart; `both` is an authority that also has a legitimate interest. */
export const views = {
  public: ['public'],
  authority: ['public', 'authority'],
  interest: ['public', 'interest'],
  both: ['public', 'authority', 'interest'],
} as const satisfies Record<string, readonly Audience[]>
export type View = keyof typeof views
export const allViews = Object.keys(views) as View[]

export const reachOfView = (view: View): Reach => reachOf(...views[view])

/** What one view of a passport counts: its changes since it was published, as far as it shows them. */
export interface Count {
  readonly version: number
  /** When that view changed last. */
  readonly at: string
  /** JSON pointers of what this version changed for it; there where it changed anything, its status included. */
  readonly fields?: readonly string[]
}
export type Seen = { readonly [V in View]: Count }

/** The day of a time, as the law counts. */
export const dayOf = (at: Date): string => at.toISOString().slice(0, 10)
