/**
 * A plugin of the viewer, run by the browser: a part of the document is looked up in no more than what it refers to. By
 * itself the viewer goes through all of the document for each part, once before anything is shown (docs/decisions/0058).
 */
export function oneAtATime() {
  type Json = any
  const at = (document: Json, path: readonly string[]): Json => path.reduce((value, step) => value?.[step], document)
  function put(into: Json, path: readonly string[], value: Json): void {
    const last = path.length - 1
    path.slice(0, last).reduce((object, step) => (object[step] ??= {}), into)[path[last]!] = value
  }
  function partOf(document: Json, path: readonly string[]): Json {
    const { openapi, info } = document
    const part: Json = { openapi, info, paths: {} }
    const left = [path]
    const taken = new Set<string>()
    for (let next = left.pop(); next; next = left.pop()) {
      const value = at(document, next)
      if (value === undefined || taken.has(next.join('/'))) continue
      taken.add(next.join('/'))
      put(part, next, value)
      for (const [, name] of JSON.stringify(value).matchAll(/"\$ref":"#\/([^"]+)"/g)) left.push(name!.split('/'))
    }
    return part
  }
  return {
    afterLoad(system: Json) {
      const { fn } = system
      const whole = fn.resolveSubtree
      fn.resolveSubtree = (document: Json, path: string[], options: Json) =>
        whole(Array.isArray(path) && path.length > 0 ? partOf(document, path) : document, path, options)
    },
  }
}
