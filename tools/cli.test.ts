import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

const command = join(import.meta.dirname, 'ohmnibus.js')
const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8'))

function ohmnibus(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...args], { encoding: 'utf8' })
  return { status, stdout, stderr }
}

test('who asks for help or for the version is answered, and told of no error', () => {
  for (const args of [[], ['help'], ['--help'], ['-h'], ['admin', '--help'], ['help', 'admin']]) {
    const { status, stdout, stderr } = ohmnibus(...args)
    assert.deepEqual([status, stderr], [0, ''], args.join(' '))
    for (const name of [
      'start',
      'admin create',
      'admin reset-password',
      'migrate',
      'doctor',
      'backup',
      'restore',
      'seed',
    ])
      assert.match(stdout, new RegExp(`^  ${name} {2,}\\S`, 'm'))
  }
  for (const word of ['version', '--version'])
    assert.deepEqual(ohmnibus(word), { status: 0, stdout: `${version}\n`, stderr: '' })
})

test('the version that chargers are to speak is not that of the platform', () => {
  const { status, stdout, stderr } = ohmnibus('simulate', '--version', '9.9')
  assert.deepEqual([status, stdout], [1, ''])
  assert.match(stderr, /--version takes 1\.6, 2\.0\.1, 2\.1/)
})

test('one command explains itself, asked in either order', () => {
  const asked = ohmnibus('admin', 'create', '--help')
  assert.deepEqual([asked.status, asked.stderr], [0, ''])
  assert.match(asked.stdout, /ohmnibus admin create --email/)
  assert.deepEqual(ohmnibus('help', 'admin', 'create'), asked)
})

test('a command that there is not is named, and half of one says what may follow', () => {
  for (const name of ['nonsense', 'constructor', 'admin remove']) assert.equal(ohmnibus(...name.split(' ')).status, 1)
  assert.match(ohmnibus('nonsense').stderr, /There is no command "nonsense"/)
  assert.match(ohmnibus('help', 'nonsense').stderr, /There is no command "nonsense"/)
  assert.match(ohmnibus('admin').stderr, /"admin" stands before another word: admin create, admin reset-password/)
})
