import { codesOf, type KnownProblem } from '../../kernel/http/problems.ts'
import type { DocumentedRoute } from '../../kernel/http/routes.ts'
import { titleOf } from '../../kernel/problem.ts'

/** The page of every code: its status, what it means and which routes answer it. */
export function problemsPage(problems: ReadonlyMap<string, KnownProblem>, routes: readonly DocumentedRoute[]): string {
  const answered = new Map([...problems.keys()].map(code => [code, new Set<string>()]))
  for (const route of routes)
    if (route.method !== 'HEAD' && !route.config?.isAlias)
      for (const code of codesOf(route)) answered.get(code)!.add(`${String(route.method)} ${route.url}`)
  const everybody = routes.filter(
    ({ method, config }) => method !== 'HEAD' && config?.service && !config.isAlias,
  ).length
  const rows = [...problems]
    .sort(([a, { status }], [b, other]) => status - other.status || (a < b ? -1 : 1))
    .map(([code, { status, sentence }]) => {
      const by = [...answered.get(code)!].sort()
      // Forty routes in a cell are read by nobody.
      const names = by.length > everybody / 4 ? `${by.length} routes` : by.map(name => `\`${name}\``).join('<br>')
      return `| ${status} | \`${code}\` | ${titleOf(code)} | ${sentence.replaceAll('|', '\\|')} | ${names} |`
    })
  return [
    '# Problems',
    '',
    'Every refusal is a problem (RFC 9457) with one of these codes, made from the declarations of the routes by `npm run docs`.',
    'Its `type` is `/problems/<code>`, which each platform serves as a page and as JSON. A code without routes is answered',
    'before a route is asked, or between processes.',
    '',
    '| status | code | title | meaning | routes |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n')
}
