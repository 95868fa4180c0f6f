type Members = Record<string, unknown>

const raw = JSON as unknown as { rawJSON(text: string): object; isRawJSON(value: unknown): boolean }

/** A number as it stands in JSON, with its digits. */
export const isNumber = (value: unknown): value is { rawJSON: string } => raw.isRawJSON(value)
export const numberOf = (digits: string): object => raw.rawJSON(digits.replace(/^(-?)0+(?=\d)/, '$1'))
export const isMembers = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !isNumber(value)

/**
 * A way into a document: names of members and numbers of elements, as a JSON pointer has them; `[name=word]` for the element
 * of a list whose member is that word, `*` for each element.
 */
export type Step = string | { readonly name: string; readonly is: string | boolean }

export function stepsOf(path: string): readonly Step[] {
  const known = parsed.get(path)
  if (known) return known
  const steps = path.split('/').slice(1).map(stepOf)
  parsed.set(path, steps)
  return steps
}

const parsed = new Map<string, readonly Step[]>()

function stepOf(text: string): Step {
  const [, name, word] = /^\[(\w+)=(.*)\]$/.exec(text) ?? []
  if (name === undefined) return text
  return { name, is: word === 'true' ? true : word === 'false' ? false : word! }
}

const isIndex = (step: Step | undefined): boolean =>
  step !== undefined && (typeof step !== 'string' || /^(\d+|\*)$/.test(step))

export const pointed = (pointer: string, step: string | number): string =>
  `${pointer}/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`

/** What stands at a place, with its pointer. */
export interface Found {
  readonly pointer: string
  readonly value: unknown
}

/** Everything that stands where a way leads, from `from` on. */
export function findAll(from: Found, steps: readonly Step[]): readonly Found[] {
  let found: readonly Found[] = [from]
  for (const step of steps) found = found.flatMap(one => next(one, step))
  return found
}

function next({ pointer, value }: Found, step: Step): readonly Found[] {
  if (Array.isArray(value)) {
    const at = (index: number): Found => ({ pointer: pointed(pointer, index), value: value[index] })
    if (step === '*') return value.map((_, index) => at(index))
    if (typeof step === 'string') return /^\d{1,6}$/.test(step) && Number(step) < value.length ? [at(Number(step))] : []
    const index = value.findIndex(one => isMembers(one) && Object.hasOwn(one, step.name) && one[step.name] === step.is)
    return index < 0 ? [] : [at(index)]
  }
  if (typeof step !== 'string' || !isMembers(value) || !Object.hasOwn(value, step)) return []
  return [{ pointer: pointed(pointer, step), value: value[step] }]
}

/** Puts a value where a way leads, with all that has to be there for it; `*` is the first. Ways are of our tables alone. */
export function put(root: Members, steps: readonly Step[], value: unknown): void {
  let at: unknown = root
  for (const [index, step] of steps.entries()) {
    const isLast = index === steps.length - 1
    const fresh = (): unknown => (isLast ? value : isIndex(steps[index + 1]) ? [] : {})
    if (typeof step !== 'string') {
      const list = at as Members[]
      let one = list.find(member => member[step.name] === step.is)
      if (!one) list.push((one = { [step.name]: step.is }))
      at = one
    } else {
      const here = at as Members
      const key = step === '*' ? '0' : step
      if (isLast || here[key] === undefined) here[key] = fresh()
      at = here[key]
    }
  }
}

/** Pointers to what stands in a document and was not read, whole branches as one; at most `most` of them. */
export function unread(document: unknown, read: ReadonlySet<string>, most: number): Found[] {
  const above = new Set<string>()
  for (const pointer of read) {
    above.add('')
    for (let end = pointer.length; end > 0; end = pointer.lastIndexOf('/', end - 1)) above.add(pointer.slice(0, end))
  }
  const left: Found[] = []
  const walk = (pointer: string, value: unknown): void => {
    if (left.length >= most || read.has(pointer)) return
    if (!above.has(pointer) && pointer !== '') {
      left.push({ pointer, value })
      return
    }
    if (Array.isArray(value)) value.forEach((one, index) => walk(pointed(pointer, index), one))
    else if (isMembers(value)) for (const [key, one] of Object.entries(value)) walk(pointed(pointer, key), one)
  }
  walk('', document)
  return left
}
