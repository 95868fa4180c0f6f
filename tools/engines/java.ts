import { createHash } from 'node:crypto'
import fs from 'node:fs'
import { join } from 'node:path'
import { fetchBy } from './cache.ts'
import { findProgram, outputOf } from './launch.ts'
import { EngineMissing } from './recipe.ts'

/** `release` tells one Java from another. */
export function findJava(): { java: string; release: string } {
  const java = findProgram(...(process.env.JAVA_HOME ? [join(process.env.JAVA_HOME, 'bin', 'java')] : []), 'java')
  const release = java && outputOf(java, '-version')
  const advice = 'install the package default-jre-headless, or set JAVA_HOME'
  if (!release) throw new EngineMissing(`there is no Java; ${advice}`)
  const major = Number(/version "(\d+)/.exec(release)?.[1])
  if (major < 17) throw new EngineMissing(`it needs Java 17 or newer, and ${java} is ${major}; ${advice}`)
  return { java, release: `${major}-${createHash('sha256').update(release).digest('hex').slice(0, 12)}` }
}

/** Fills a folder with what a pom of this folder needs, by Maven. */
export const fetchJars =
  (wanted: string) =>
  async (part: string): Promise<void> => {
    const maven = findProgram('mvn')
    if (!maven) throw new EngineMissing('there is no Maven to fetch it with; install the package maven')
    const repository = join(part, 'repository')
    const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies'
    const pom = join(import.meta.dirname, wanted)
    await fetchBy(maven, [
      '-q',
      '-B',
      '-f',
      pom,
      `-Dmaven.repo.local=${repository}`,
      goal,
      '-DincludeScope=runtime',
      `-DoutputDirectory=${part}`,
    ])
    fs.rmSync(repository, { recursive: true })
  }
