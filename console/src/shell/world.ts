import type { ComponentType } from 'react'
import { mayAsk } from '../blocks/list/declaration.ts'
import type { Catalogue } from '../texts/en.ts'

/** One screen: where it is, and what it is called in the navigation if it stands there. */
export interface ScreenOf {
  readonly path: string
  readonly load: () => Promise<{ default: ComponentType }>
  readonly name?: (texts: Catalogue) => string
  /** The list of the API it shows: who may ask it, sees the screen. */
  readonly of?: string
  /** Where fewer do their work with it than may ask. */
  readonly roles?: readonly string[]
}

/** An area of work. */
export interface World {
  readonly id: keyof Catalogue['shell']['worlds']
  readonly screens: readonly ScreenOf[]
}

/** The screen of a list of the API. */
export const list = (path: string, of: string, load: ScreenOf['load'], name: (texts: Catalogue) => string) => ({
  path,
  of,
  load,
  name,
})

/** What a role has in the navigation. */
export const screensFor = ({ screens }: World, role: string): readonly ScreenOf[] =>
  screens.filter(({ name, of, roles }) => name && (!roles || roles.includes(role)) && (!of || mayAsk(of, role)))

/** Screens that one file has, each by its name there. */
export const screensOf =
  <Names extends string>(load: () => Promise<Record<Names, unknown>>) =>
  (name: Names): ScreenOf['load'] =>
  async () => ({ default: (await load())[name] as ComponentType })
