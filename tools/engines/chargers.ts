import { join } from 'node:path'
import { cached, fetchBy } from './cache.ts'
import { fetchJars, findJava } from './java.ts'
import { findProgram, outputOf } from './launch.ts'
import { EngineMissing } from './recipe.ts'

/** How a program is run: itself and what comes before its own arguments. */
export type Run = readonly [command: string, ...args: string[]]

const python = {
  // With all they need, so that it is the same everywhere and always.
  packages: [
    'ocpp==2.1.0',
    'websockets==17.4',
    'jsonschema==4.26.0',
    'jsonschema-specifications==2025.9.1',
    'referencing==0.37.0',
    'rpds-py==2026.9.1',
    'attrs==26.1.0',
    'typing_extensions==4.16.0',
  ],
  stamp: 'python-ocpp-2.1.0',
}

/** A Python that has mobilityhouse's `ocpp`. Fails with `EngineMissing`. */
export async function pythonWithOcpp(): Promise<Run> {
  const program = findProgram('python3')
  const release = program && /^Python 3\.(\d+)/.exec(outputOf(program, '--version') ?? '')?.[1]
  if (!program || !release || Number(release) < 11)
    throw new EngineMissing('there is no Python 3.11 or newer; install the packages python3 and python3-venv')
  const home = await cached(`${python.stamp}-3.${release}`, async part => {
    // Packages in a folder, as a virtual environment cannot be moved.
    await fetchBy(program, ['-m', 'venv', join(part, 'pip')])
    const pip = [join(part, 'pip', 'bin', 'python'), '-m', 'pip', 'install', '-q', '--only-binary', ':all:'] as const
    const [command, ...args] = pip
    await fetchBy(command, [...args, '--target', join(part, 'packages'), ...python.packages])
    await fetchBy('rm', ['-r', join(part, 'pip')])
  })
  return ['env', `PYTHONPATH=${join(home, 'packages')}`, program]
}

/** A Java, with a compiler, that has ChargeTime's `Java-OCA-OCPP`. Fails with `EngineMissing`. */
export async function javaWithOcpp(): Promise<Run> {
  const { java } = findJava()
  if (!findProgram('javac')) throw new EngineMissing('there is no javac; install the package default-jdk-headless')
  const home = await cached('java-ocpp-1.1.0', fetchJars('chargers.pom.xml'))
  return [java, '-Xmx128m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-cp', join(home, '*')]
}
