import type { OcppVersion } from '#contracts/ocpp'
import type { Saying } from './dialect.ts'

/** What the parts of a simulated charger know of the rest of it. */
export interface Inside {
  readonly id: string
  readonly version: OcppVersion
  /** Where it brings files: it reaches nobody but who it is connected to, whatever address it is told. */
  readonly files: string
  /** As its clock has it. */
  now(): Date
  /** It fails now and then. */
  fails(): boolean
  /** It is to end. */
  isOver(): boolean
  isCharging(): boolean
  /** Minutes of its life. */
  live(minutes: number): Promise<void>
  /** Of its clock. */
  until(at: Date): Promise<void>
  /** Resolves once that was said, or will not be. */
  say(saying: Saying): Promise<void>
  /** Switches itself off and on; why is told then. */
  restart(reason: string): void
}

/** Answers to what it is told, by the name of the action. */
export type Answers = Readonly<Record<string, (payload: any) => object>> // held to its schema by who received it

export const accepted = (yes: boolean) => ({ status: yes ? 'Accepted' : 'Rejected' })
