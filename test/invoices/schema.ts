import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { bankFileSchema } from '../../tools/engines/python.ts'
import { fetched } from './fetched.ts'

/** What is wrong with a bank file by the schema of ISO 20022; nothing where all is well. */
export const faultsOfBankFile = async (t: TestContext, document: string): Promise<string> =>
  faultsBy(await fetched(t, 'schema of bank files', bankFileSchema()), document)

/**
 * What is wrong with a document by a schema whose licence lets nobody ship it: `name` is the file that has it below the folder in
 * OHMNIBUS_SCHEMAS. Undefined, and the test is skipped by name, where that is not said or the file is not there.
 */
export function faultsByOwn(t: TestContext, name: RegExp, document: string): string | undefined {
  const folder = process.env.OHMNIBUS_SCHEMAS
  const file = folder && readdirSync(folder, { recursive: true, encoding: 'utf8' }).find(path => name.test(path))
  if (file) return faultsBy(join(folder, file), document)
  t.skip(`SKIPPED: set OHMNIBUS_SCHEMAS to a folder with ${name.source}, or it is not held to its schema`)
  return undefined
}

function faultsBy(schema: string, document: string): string {
  const { stdout, stderr, error } = spawnSync('java', [join(import.meta.dirname, 'Schema.java'), schema], {
    input: document,
    encoding: 'utf8',
  })
  if (error || stderr) throw error ?? new Error(stderr)
  return stdout
}
