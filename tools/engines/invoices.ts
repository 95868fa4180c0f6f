import { join } from 'node:path'
import { cached } from './cache.ts'
import type { Run } from './chargers.ts'
import { fetchJars, findJava } from './java.ts'
import { findProgram } from './launch.ts'
import { EngineMissing } from './recipe.ts'

/** A Java, with a compiler, that has the schemas of UBL 2.1, the rules of EN 16931 and veraPDF. Fails with `EngineMissing`. */
export async function javaWithInvoiceRules(): Promise<Run> {
  const { java } = findJava()
  if (!findProgram('javac')) throw new EngineMissing('there is no javac; install the package default-jdk-headless')
  const home = await cached('invoice-rules-1.3.16-verapdf-1.28.1', fetchJars('invoices.pom.xml'))
  return [java, '-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-cp', join(home, '*')]
}
