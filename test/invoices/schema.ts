import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

/**
 * What is wrong with a document by a schema whose licence lets nobody ship it: `name` is the file that has it below the folder in
 * OHMNIBUS_SCHEMAS. Undefined, and the test is skipped by name, where that is not said or the file is not there.
 */
export function faultsBy(t: TestContext, name: RegExp, document: string): string | undefined {
  const folder = process.env.OHMNIBUS_SCHEMAS
  const file = folder && readdirSync(folder, { recursive: true, encoding: 'utf8' }).find(path => name.test(path))
  if (!file)
    return void t.skip(`SKIPPED: set OHMNIBUS_SCHEMAS to a folder with ${name.source}, or it is not held to its schema`)
  const { stdout, stderr, error } = spawnSync('java', [join(import.meta.dirname, 'Schema.java'), join(folder, file)], {
    input: document,
    encoding: 'utf8',
  })
  if (error || stderr) throw error ?? new Error(stderr)
  return stdout
}
