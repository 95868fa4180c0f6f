import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import type { Run } from '../../tools/engines/python.ts'
import { EngineMissing } from '../../tools/engines/recipe.ts'
import { unobtainable } from '../../tools/outside/reporter.ts'

/** One line of `npm run outside`; `hold` answers how much was compared, and fails where others see it otherwise. */
export function line(name: string, hold: (t: TestContext) => Promise<string>): void {
  test(name, async t => {
    try {
      t.diagnostic(await hold(t))
    } catch (error) {
      if (!(error instanceof EngineMissing)) throw error
      throw new Error(unobtainable + error.message, { cause: error })
    }
  })
}

/** What a script of this folder answers, in JSON as it is asked. */
export async function answerOf([command, ...args]: Run, script: string, asked: unknown): Promise<any> {
  const child = spawn(command, [...args, `${import.meta.dirname}/${script}`], { stdio: ['pipe', 'pipe', 'pipe'] })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  child.stdin.end(JSON.stringify(asked))
  const [said, complaint, code] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  if (code !== 0) throw new Error(`${script} ended with ${code}: ${complaint.slice(-3000)}`)
  return JSON.parse(said)
}
