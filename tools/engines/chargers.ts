import { join } from 'node:path'
import { cached } from './cache.ts'
import { fetchJars, findJava } from './java.ts'
import { findProgram } from './launch.ts'
import { pythonWith, type Run } from './python.ts'
import { EngineMissing } from './recipe.ts'

export type { Run } from './python.ts'

/** A Python that has mobilityhouse's `ocpp`. Fails with `EngineMissing`. */
export const pythonWithOcpp = (): Promise<Run> =>
  pythonWith({
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
  })

/** A Java, with a compiler, that has ChargeTime's `Java-OCA-OCPP`. Fails with `EngineMissing`. */
export async function javaWithOcpp(): Promise<Run> {
  const { java } = findJava()
  if (!findProgram('javac')) throw new EngineMissing('there is no javac; install the package default-jdk-headless')
  const home = await cached('java-ocpp-1.1.0', fetchJars('chargers.pom.xml'))
  return [java, '-Xmx128m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-cp', join(home, '*')]
}
