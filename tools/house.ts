import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseSync, Visitor } from 'oxc-parser'

/**
 * `npm run house`: how the house stands: lines by room, doors, circles, the longest functions. Its bounds are in
 * test/house.test.ts.
 */

const root = dirname(import.meta.dirname)

export interface Import {
  /** As written. */
  readonly name: string
  /** The file it leads to, from the root; undefined for a package. */
  readonly file: string | undefined
}

export interface Fn {
  readonly file: string
  readonly line: number
  readonly name: string
  /** From its first to its last, without the routes it lists. */
  readonly lines: number
}

export interface Source {
  readonly file: string
  readonly text: string
  readonly lines: number
  readonly imports: readonly Import[]
  readonly functions: readonly Fn[]
}

/** Every source of the project. */
export const survey = (): Source[] =>
  globSync(
    [
      '*.ts',
      '{contracts,imports,kernel,embedded-postgres,law,money,services,shop,tools,test,bench}/**/*.ts',
      'console/{build,src}/**/*.{ts,tsx}',
    ],
    { cwd: root },
  )
    .filter(file => !file.endsWith('.gen.d.ts'))
    .sort()
    .map(read)

function read(file: string): Source {
  const text = readFileSync(join(root, file), 'utf8')
  const { program, module, errors } = parseSync(file, text)
  if (errors.length > 0) throw new Error(`${file}: ${errors[0]!.message}`)
  const lineAt = linesOf(text)
  const names = [
    ...module.staticImports.map(({ moduleRequest }) => moduleRequest.value),
    ...module.staticExports.flatMap(({ entries }) =>
      entries.flatMap(({ moduleRequest }) => moduleRequest?.value ?? []),
    ),
    ...module.dynamicImports.flatMap(({ moduleRequest: { start, end } }) => {
      const [, name] = /^['"](.+)['"]$/.exec(text.slice(start, end)) ?? []
      return name ?? []
    }),
  ]
  return {
    file,
    text,
    lines: text.split('\n').length - 1,
    imports: [...new Set(names)].map(name => ({ name, file: targetOf(file, name) })),
    functions: functionsOf(file, program, lineAt),
  }
}

function targetOf(file: string, name: string): string | undefined {
  if (name === '#kernel') return 'kernel/index.ts'
  if (name === '#law') return 'law/index.ts'
  if (name.startsWith('#kernel/')) return `kernel/${name.slice('#kernel/'.length)}.ts`
  if (name.startsWith('#contracts/')) return `contracts/${name.slice('#contracts/'.length)}.ts`
  return name.startsWith('.') ? join(dirname(file), name) : undefined
}

/** The line, from 1, of an offset. */
function linesOf(text: string): (offset: number) => number {
  const starts = [0]
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return offset => {
    let [low, high] = [0, starts.length]
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if (starts[middle]! <= offset) low = middle
      else high = middle
    }
    return low + 1
  }
}

/** What the parser gives: ESTree, of which only this is looked at. */
type Node = { type: string; start: number; end: number } & Record<string, any>

const routeMethods = new Set(['get', 'post', 'put', 'patch', 'delete', 'route'])

function functionsOf(file: string, program: Node, lineAt: (offset: number) => number): Fn[] {
  const found: Fn[] = []
  const height = ({ start, end }: Node): number => lineAt(end) - lineAt(start) + 1
  const isRoute = ({ type, expression }: Node): boolean =>
    type === 'ExpressionStatement' &&
    expression.type === 'CallExpression' &&
    expression.callee.type === 'MemberExpression' &&
    routeMethods.has(expression.callee.property.name)
  /** Lines of the routes that these statements list, also within the scope that one of them opens. */
  const routesAmong = (statements: readonly Node[]): number =>
    statements.reduce((sum, statement) => {
      if (isRoute(statement)) return sum + height(statement)
      const given: Node[] = statement.type === 'ExpressionStatement' ? (statement.expression.arguments ?? []) : []
      return (
        sum +
        given.reduce((inner, { body }) => inner + routesAmong(body?.type === 'BlockStatement' ? body.body : []), 0)
      )
    }, 0)
  const add = (name: string | undefined, node: Node): void => {
    const routes = routesAmong(node.body?.type === 'BlockStatement' ? node.body.body : [])
    found.push({ file, line: lineAt(node.start), name: name ?? '(unnamed)', lines: height(node) - routes })
  }
  const named = new Map<Node, string>()
  const name = (at: Node | null | undefined, value: Node | null | undefined): void => {
    if (at?.name && value) named.set(value, at.name)
  }
  const visitors: Record<string, (node: Node) => void> = {
    VariableDeclarator: node => name(node.id, node.init),
    Property: node => name(node.key, node.value),
    MethodDefinition: node => name(node.key, node.value),
    FunctionDeclaration: node => add(node.id?.name, node),
    FunctionExpression: node => add(named.get(node) ?? node.id?.name, node),
    ArrowFunctionExpression: node => add(named.get(node), node),
  }
  new Visitor(visitors).visit(program as never)
  return found
}

/** Sets of files that import each other in a circle, types included. */
export function circlesOf(sources: readonly Source[]): string[][] {
  const edges = new Map(sources.map(({ file, imports }) => [file, imports.flatMap(({ file }) => file ?? [])]))
  const index = new Map<string, number>()
  const low = new Map<string, number>()
  const open: string[] = []
  const circles: string[][] = []
  // Tarjan's strongly connected components.
  const visit = (file: string): void => {
    index.set(file, index.size)
    low.set(file, index.get(file)!)
    open.push(file)
    for (const next of edges.get(file) ?? []) {
      if (!edges.has(next)) continue
      if (!index.has(next)) visit(next)
      if (open.includes(next)) low.set(file, Math.min(low.get(file)!, low.get(next)!))
    }
    if (low.get(file) !== index.get(file)) return
    const component = open.splice(open.indexOf(file))
    if (component.length > 1 || edges.get(file)!.includes(file)) circles.push(component.sort())
  }
  for (const file of edges.keys()) if (!index.has(file)) visit(file)
  return circles
}

/** The room a file stands in: `kernel/http`, `services/identity`, `tools`. */
export function roomOf(file: string): string {
  const [ring = '', room, more] = file.split('/')
  if (room === undefined) return 'main.ts and beside it'
  return ['kernel', 'services', 'console'].includes(ring) && more !== undefined ? `${ring}/${room}` : ring
}

export const isTest = ({ file }: Source): boolean =>
  /\.test\.ts$|\/testing\.ts$|^(test|bench|tools\/engines|tools\/outside)\//.test(file)

/** Files of a room of the kernel that others import, with how many do. */
export function doorsOf(sources: readonly Source[]): Map<string, Map<string, number>> {
  const doors = new Map<string, Map<string, number>>()
  for (const { file: from, imports } of sources)
    for (const { file } of imports) {
      const room = file && roomOf(file)
      if (!file || !room?.startsWith('kernel/') || roomOf(from) === room) continue
      const known = doors.get(room) ?? new Map<string, number>()
      doors.set(room, known.set(file, (known.get(file) ?? 0) + 1))
    }
  return doors
}

function print(): void {
  const sources = survey()
  const product = sources.filter(source => !isTest(source))
  const rooms = Map.groupBy(product, ({ file }) => roomOf(file))
  const doors = doorsOf(product)
  console.log('room                        lines  files  doors')
  for (const [room, files] of [...rooms].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const lines = files.reduce((sum, file) => sum + file.lines, 0)
    const names = [...(doors.get(room) ?? new Map<string, number>())].map(
      ([file, count]) => `${file.slice(room.length + 1, -3)} ${count}`,
    )
    console.log(
      `${room.padEnd(26)} ${String(lines).padStart(6)} ${String(files.length).padStart(6)}  ${names.sort().join(', ')}`,
    )
  }
  const sum = (of: readonly Source[]): number => of.reduce((total, { lines }) => total + lines, 0)
  const kernel = product.filter(({ file }) => file.startsWith('kernel/'))
  console.log(
    `\nkernel ${sum(kernel)} lines in ${kernel.length} files; product ${sum(product)}; tests ${sum(sources) - sum(product)}`,
  )
  const circles = circlesOf(sources)
  console.log(`\n${circles.length} circles${circles.map(files => `\n  ${files.join(', ')}`).join('')}`)
  console.log('\nlongest functions, without the routes they list')
  const functions = product.flatMap(source => source.functions).sort((a, b) => b.lines - a.lines)
  for (const { file, line, name, lines } of functions.slice(0, 15))
    console.log(`${String(lines).padStart(6)}  ${name} (${file}:${line})`)
}

if (process.argv[1] === import.meta.filename) print()
