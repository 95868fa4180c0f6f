import type { TestContext } from 'node:test'
import { EngineMissing } from '../../tools/engines/recipe.ts'

/** What a test needs of others. Skips the test where that is not to be had on this machine, with the reason; with `CI=true` it fails. */
export const fetched = <T>(t: TestContext, what: string, fetching: Promise<T>): Promise<T> =>
  fetching.catch(error => {
    if (!(error instanceof EngineMissing)) throw error
    const fault = `no ${what}: ${error.message}`
    if (process.env.CI !== 'true') t.skip(fault)
    throw new Error(fault)
  })
