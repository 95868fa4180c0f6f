import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { javaWithInvoiceRules } from '../../tools/engines/invoices.ts'
import { fetched } from './fetched.ts'

/**
 * Holds UBL to its schemas and the rules of EN 16931, PDF to PDF/A-3 and PDF/UA: what is wrong with each, warnings too.
 */
export async function rules(t: TestContext): Promise<(document: string | Buffer) => Promise<string[]>> {
  const [command, ...args] = await fetched(t, 'rules of invoices', javaWithInvoiceRules())
  const child = spawn(command, [...args, `${import.meta.dirname}/Rules.java`], { stdio: ['pipe', 'pipe', 'pipe'] })
  t.after(() => child.kill('SIGKILL'))
  let words = ''
  child.stderr.on('data', data => (words = `${words}${data}`.slice(-4000)))
  const waiting: PromiseWithResolvers<string[]>[] = []
  createInterface(child.stdout).on('line', line => {
    const faults = Buffer.from(line, 'base64').toString()
    waiting.shift()!.resolve(faults === '' ? [] : faults.split('\n'))
  })
  child.once('close', code => {
    for (const { reject } of waiting) reject(new Error(`it ended with ${code}: ${words}`))
  })
  return document => {
    const answer = Promise.withResolvers<string[]>()
    waiting.push(answer)
    child.stdin.write(`${Buffer.from(document as string).toString('base64')}\n`)
    return answer.promise
  }
}
