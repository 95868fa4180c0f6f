import { join } from 'node:path'
import { cached, fetchBy } from './cache.ts'
import { findProgram, outputOf } from './launch.ts'
import { EngineMissing } from './recipe.ts'

/** How a program is run: itself and what comes before its own arguments. */
export type Run = readonly [command: string, ...args: string[]]

/** A Python that has these packages, with all they need, so that it is the same everywhere. Fails with `EngineMissing`. */
export async function pythonWith(wanted: Wanted): Promise<Run> {
  const { program, folder } = await installed(wanted)
  return ['env', `PYTHONPATH=${folder}`, program]
}

interface Wanted {
  readonly packages: readonly string[]
  readonly stamp: string
}

async function installed({ packages, stamp }: Wanted): Promise<{ program: string; folder: string }> {
  const program = findProgram('python3')
  const release = program && /^Python 3\.(\d+)/.exec(outputOf(program, '--version') ?? '')?.[1]
  if (!program || !release || Number(release) < 11)
    throw new EngineMissing('there is no Python 3.11 or newer; install the packages python3 and python3-venv')
  const home = await cached(`${stamp}-3.${release}`, async part => {
    // Packages in a folder, as a virtual environment cannot be moved.
    await fetchBy(program, ['-m', 'venv', join(part, 'pip')])
    const pip = [join(part, 'pip', 'bin', 'python'), '-m', 'pip', 'install', '-q', '--only-binary', ':all:'] as const
    const [command, ...args] = pip
    await fetchBy(command, [...args, '--target', join(part, 'packages'), ...packages])
    await fetchBy('rm', ['-r', join(part, 'pip')])
  })
  return { program, folder: join(home, 'packages') }
}

/** The schema of pain.001.001.09 (ISO 20022), which a package for SEPA carries. Fails with `EngineMissing`. */
export async function bankFileSchema(): Promise<string> {
  const { folder } = await installed({ packages: ['--no-deps', 'sepaxml==2.7.0'], stamp: 'sepaxml-2.7.0' })
  return join(folder, 'sepaxml', 'schemas', 'pain.001.001.09.xsd')
}

/** A Python that has the SCIM client and its checks of servers by Yaal Coop. Fails with `EngineMissing`. */
export const pythonWithScim = (): Promise<Run> =>
  pythonWith({
    packages: [
      'annotated-types==0.8.0',
      'anyio==4.16.0',
      'dnspython==2.9.2',
      'email-validator==2.4.0',
      'h11==0.16.0',
      'httpcore2==2.16.2',
      'httpx2==2.16.2',
      'idna==3.20',
      'lark==1.3.1',
      'pydantic==2.14.4',
      'pydantic_core==2.50.5',
      'scim2-client==0.13.2',
      'scim2-models==0.12.3',
      'scim2-tester==0.5.2',
      'truststore==0.10.5',
      'typing-inspection==0.4.5',
      'typing_extensions==4.16.0',
    ],
    stamp: 'python-scim-0.5.2',
  })
