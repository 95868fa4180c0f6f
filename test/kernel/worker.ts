import { defineService } from '../../kernel/index.ts'
import { readConfig } from '../../kernel/config/config.ts'
import { openLog } from '../../kernel/telemetry/log.ts'
import { run } from '../../kernel/run/run.ts'

/** A service whose jobs take as long as `work` does. */
export const worker = (
  work: (payload: { name: string }, run: { attempt: number; last: boolean }) => Promise<void>,
  tries?: number,
) =>
  defineService({
    name: 'worker',
    folder: import.meta.dirname,
    async start({ job, onStop, db }) {
      const task = job('work', work, { tries })
      add = (names, options) =>
        db.transaction(async tx => {
          for (const name of names) await tx.enqueue(task, { name }, options)
        })
      onStop(() => {
        add = refuse
      })
    },
  })

const refuse = async (): Promise<void> => {
  throw new Error('no worker is running')
}

/** Adds jobs, in one transaction, to the worker started last. */
export let add: (names: string[], options?: { runAt?: Date; key?: string }) => Promise<void> = refuse

// As a process of its own: begins a job and never ends it.
if (process.argv[1] === import.meta.filename) {
  const { at, admin, dataFolder } = JSON.parse(process.argv[2]!)
  const config = readConfig({ OHMNIBUS_DATA: dataFolder, OHMNIBUS_SECRET: 'a secret for tests: 0123456789abcdef' })
  const endless = worker(async ({ name }) => {
    process.send!(name)
    await new Promise(() => {})
  }, 1)
  await run([endless], config, { database: { at, admin }, log: openLog({ level: 'silent' }), periodic: false })
  await add(Array.from({ length: 20 }, (_, i) => String(i)))
}
