import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const version = '26.9.27'
const folder = join(import.meta.dirname, '..', '..', '.cache', 'vnu-jar')
const jar = join(folder, 'package', 'build', 'dist', 'vnu.jar')

/**
 * The checker of the W3C: packed here when it is first asked for, since its package would fetch a Java wherever there is
 * none. Undefined where there is no Java, or it cannot be had.
 */
export function validator(): string | undefined {
  if (spawnSync('java', ['-version']).status !== 0) return undefined
  if (existsSync(jar)) return jar
  mkdirSync(folder, { recursive: true })
  spawnSync('npm', ['pack', `vnu-jar@${version}`, '--silent'], { cwd: folder })
  const packed = readdirSync(folder).find(name => name.endsWith('.tgz'))
  if (packed) spawnSync('tar', ['-xzf', packed], { cwd: folder })
  return existsSync(jar) ? jar : undefined
}

/** What is wrong with pages, by their names; all in one call. */
export function faultsIn(checker: string, pages: Readonly<Record<string, string>>): string[] {
  const written = mkdtempSync(join(tmpdir(), 'ohmnibus-pages-'))
  try {
    const names = Object.keys(pages)
    names.forEach((name, index) => writeFileSync(join(written, `${index}.html`), pages[name]!))
    const { stderr } = spawnSync(
      'java',
      ['-jar', checker, '--format', 'json', '--errors-only', '--skip-non-html', written],
      { encoding: 'utf8', maxBuffer: 64e6 },
    )
    const { messages } = JSON.parse(stderr) as { messages: { url?: string; message: string; extract?: string }[] }
    return messages.map(({ url = '', message, extract }) => {
      const [, index] = /(\d+)\.html$/.exec(url) ?? []
      return `${names[Number(index)]}: ${message} ${extract ?? ''}`
    })
  } finally {
    rmSync(written, { recursive: true, force: true })
  }
}
