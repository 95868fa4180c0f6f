import { spawn } from 'node:child_process'
import type { Socket } from 'node:net'
import type { Writable } from 'node:stream'

/** What is to be done should this process end without having done it. */
const left = new Set<string>()
let shell: Writable | undefined

/**
 * Has a shell run `command` when this process is gone, even by `kill -9`: engines must not outlive who started them.
 * Call the answer once there is no need any more. The last command comes first: folders go after what works in them.
 */
export function guard(command: string): () => void {
  left.add(command)
  tell()
  return () => {
    if (left.delete(command)) tell()
  }
}

/** Its input ends with this process; the last line it has read then is what it does. */
const waiting = 'trap "" INT TERM HUP; while IFS= read -r line; do todo=$line; done; eval "$todo"'

function tell(): void {
  if (!shell) {
    const child = spawn('sh', ['-c', waiting], { detached: true, stdio: ['pipe', 'ignore', 'ignore'], cwd: '/' })
    child.unref()
    shell = child.stdin
    shell.on('error', () => {})
    // A pipe to another process is a socket.
    ;(shell as Socket).unref()
  }
  shell.write(`${[...left].reverse().join('; ')}\n`)
}

/** As one word for the shell. */
export const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`
