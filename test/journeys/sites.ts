import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { Settings } from '../../kernel/config/settings.ts'
import { start } from '../../kernel/testing.ts'
import { choose } from '../../services/all.ts'
import { startProcesses } from '../processes/processes.ts'
import { withClockwork } from './clockwork.ts'

/** The platform of a journey. */
export interface Site {
  readonly address: string
  readonly mailFolder: string
  /** Seconds after which everywhere is known what was decided somewhere. */
  readonly spreads: number
  settle(): Promise<void>
  /** The clock was put to another time. */
  tick(): void
  /** Does the periodic works of a service whose purpose is like this. */
  strike(service: string, like: RegExp): Promise<void>
}

export interface SiteOptions {
  readonly environment: Settings
  /** The clock of all of it. */
  readonly now?: () => Date
  /** All services unless said. */
  readonly parts?: readonly string[]
}

/** Why a journey over processes is left out: each takes as long as several tests. */
export const notSplit = process.env.OHMNIBUS_SPLIT === undefined && 'OHMNIBUS_SPLIT=1 has it over processes too'

/** In one process. */
export async function oneProcess(t: TestContext, { environment, now, parts }: SiteOptions): Promise<Site> {
  const { services, strikeAt: strike } = withClockwork(await choose(parts))
  const p = await start(t, services, { environment, ...(now && { now }) })
  const mailFolder = p.platform.mailFolder!
  return { address: await p.listen(), mailFolder, spreads: 0, settle: p.settle, tick() {}, strike }
}

/** With each service in a process of its own, behind a gateway. */
export async function split(t: TestContext, { environment, now, parts }: SiteOptions): Promise<Site> {
  const folder = mkdtempSync(join(tmpdir(), 'ohmnibus-clock-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const clock = join(folder, 'clock')
  const tick = (): void => {
    if (!now) return
    // Whole or not at all: others read it meanwhile.
    writeFileSync(`${clock}.new`, now().toISOString())
    renameSync(`${clock}.new`, clock)
  }
  tick()
  const p = await startProcesses(t, 1, { environment, ...(parts && { parts }), ...(now && { clock }) })
  return { address: p.address, mailFolder: p.mailFolder, spreads: 1, settle: p.settle, tick, strike: p.strike }
}
