import { Problem } from '#kernel'
import { isMembers } from './shape.ts'

/** RFC 7396, to the letter; numbers keep their digits. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isMembers(patch)) return patch
  const merged: Record<string, unknown> = isMembers(target) ? { ...target } : {}
  for (const [key, value] of Object.entries(patch))
    if (value === null) delete merged[key]
    // By definition, not by assignment: any key is a member.
    else
      Object.defineProperty(merged, key, {
        value: mergePatch(Object.hasOwn(merged, key) ? merged[key] : undefined, value),
        enumerable: true,
        configurable: true,
        writable: true,
      })
  return merged
}

const step = /\['((?:[^'\\]|\\(?:['\\bfnrt]|u00[0-1][0-9a-f]))*)'\]|\[(0|[1-9]\d{0,8})\]/y
const escapes: Record<string, string> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }

/**
 * The steps of a normalised path (RFC 9535, 2.7), which leads to exactly one node. Fails with `element_path_invalid` for
 * every other query.
 */
export function stepsOf(path: string): (string | number)[] {
  const steps: (string | number)[] = []
  let at = 1
  while (path.startsWith('$') && at < path.length && steps.length < 64) {
    step.lastIndex = at
    const [all, name, index] = step.exec(path) ?? []
    if (all === undefined) break
    steps.push(
      name === undefined
        ? Number(index)
        : name.replace(/\\(?:u(.{4})|(.))/g, (_, code: string, sign: string) =>
            code ? String.fromCharCode(parseInt(code, 16)) : (escapes[sign] ?? sign),
          ),
    )
    at += all.length
  }
  if (steps.length === 0 || at !== path.length)
    throw new Problem('invalid', 'element_path_invalid', {
      detail: "An element is named by a normalised path of RFC 9535, as $['performance']['ratedCapacity'].",
    })
  return steps
}

/** What stands there; undefined for nothing. */
export function nodeAt(value: unknown, steps: readonly (string | number)[]): unknown {
  let at = value
  for (const step of steps) {
    if (typeof step === 'number' ? !Array.isArray(at) : !isMembers(at) || !Object.hasOwn(at, step)) return undefined
    at = (at as Record<string | number, unknown>)[step]
  }
  return at
}

/** The same with another value there. */
export function withNode(value: unknown, [step, ...rest]: readonly (string | number)[], node: unknown): unknown {
  if (step === undefined) return node
  if (typeof step === 'number' && Array.isArray(value)) return value.with(step, withNode(value[step], rest, node))
  const members = isMembers(value) ? value : {}
  return { ...members, [step]: withNode(members[step as string], rest, node) }
}
