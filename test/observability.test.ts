import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { parse } from 'yaml'
import { start } from '../kernel/testing.ts'
import { choose } from '../services/all.ts'
import { engine } from './engines/engine.ts'
import { everythingHappens } from './journeys/everything.ts'
import { collector } from './kernel/collector.ts'

const folder = join(import.meta.dirname, '../deploy/observability')
const read = (file: string): string => readFileSync(join(folder, file), 'utf8')

/** Prometheus' own word on a file; a machine without it skips, loudly, but in CI. */
function promtool(t: TestContext, args: string[], input?: string): void {
  const { status, error, stdout, stderr } = spawnSync('promtool', args, { cwd: folder, encoding: 'utf8', input })
  if ((error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') {
    if (process.env.CI === 'true') assert.fail('promtool is missing: apt-get install prometheus')
    return t.skip('promtool is missing: apt-get install prometheus')
  }
  assert.equal(status, 0, `promtool ${args.join(' ')}\n${stdout}${stderr}`)
}

test('Prometheus finds nothing to say against our figures after everything has happened', async t => {
  const p = await everythingHappens(await choose())
  try {
    await p.http.inject('/nobody/knows')
    await p.http.inject('/metrics')
    const { body } = await p.http.inject('/metrics')
    promtool(t, ['check', 'metrics'], body)
    assert.doesNotMatch(body, /[A-Z0-9._%+-]+@[A-Z0-9.-]+\.[A-Z]{2,}/i, 'no address of a person')
    const routes = new Set([...body.matchAll(/route="([^"]+)"/g)].map(([, route]) => route!))
    for (const route of routes) assert.doesNotMatch(route, /[0-9a-f]{8}-[0-9a-f]{4}/, 'a route, not a path')
    assert.doesNotMatch(body, /ohmnibus_metrics_unread_total\{.*\} [1-9]/, 'every figure could be read')
  } finally {
    await p.close()
  }
})

test('Prometheus takes our rules and configuration, and alerts when it should', t => {
  promtool(t, ['check', 'rules', 'alerts.yaml'])
  promtool(t, ['test', 'rules', 'alerts.test.yaml'])
  promtool(t, ['check', 'config', '--syntax-only', 'prometheus.yaml'])
})

interface Rule {
  alert: string
  expr: string
  labels: { severity: string }
  annotations: { summary: string; runbook: string }
}
const rules = (parse(read('alerts.yaml')).groups as { rules: Rule[] }[]).flatMap(group => group.rules)
const namesIn = (expression: string): string[] =>
  [...expression.matchAll(/\b(?:ohmnibus|process|nodejs)_[a-z0-9_]+/g)].map(([name]) => name)

test('the dashboard and the alerts ask for nothing that a platform does not tell', async t => {
  const files = mkdtempSync(join(tmpdir(), 'ohmnibus-observability-'))
  t.after(() => rmSync(files, { recursive: true }))
  const [cert, key] = [join(files, 'cert.pem'), join(files, 'key.pem')]
  execFileSync(
    'openssl',
    `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 90 -subj /CN=localhost -keyout ${key} -out ${cert}`.split(
      ' ',
    ),
    { stdio: 'ignore' },
  )
  const p = await start(t, await choose(), {
    environment: {
      ...(await engine(t, 'redis')),
      ...(await engine(t, 'kafka')),
      ...(await collector(t)).environment,
      TLS_CERT_FILE: cert,
      TLS_KEY_FILE: key,
    },
  })
  const { body } = await p.http.inject('/metrics')
  const told = new Set(
    [...body.matchAll(/^# TYPE (\S+) (\S+)$/gm)].flatMap(([, name, kind]) =>
      kind === 'histogram' ? ['bucket', 'sum', 'count'].map(part => `${name}_${part}`) : [name!],
    ),
  )
  const panels = JSON.parse(read('dashboard.json')).panels as {
    title: string
    type: string
    targets?: { expr: string }[]
  }[]
  assert.ok(panels.length > 30 && rules.length > 15)
  const asked = [
    ...panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => [title, expr] as const)),
    ...rules.map(({ alert, expr }) => [alert, expr] as const),
  ]
  for (const [where, expression] of asked)
    for (const name of namesIn(expression)) assert.ok(told.has(name), `${where}: nobody tells ${name}`)
  for (const { title, type, targets = [] } of panels) if (type !== 'row') assert.ok(targets.length > 0, title)
})

test('every alert says how bad it is, what it is and where to read what to do', () => {
  assert.equal(new Set(rules.map(({ alert }) => alert)).size, rules.length)
  for (const { alert, labels, annotations } of rules) {
    assert.ok(['warning', 'critical'].includes(labels.severity), alert)
    assert.ok(annotations.summary.length > 10, alert)
    assert.equal(annotations.runbook, `docs/guides/operate.md#${alert.toLowerCase()}`)
  }
})

const guideFile = join(folder, '../../docs/guides/operate.md')
test(
  'the guide tells what to do about every alert, and about none there is not',
  { skip: !existsSync(guideFile) && 'there is no guide' },
  () => {
    const guide = readFileSync(guideFile, 'utf8')
    const told = [...guide.matchAll(/^#+ (Ohmnibus\w+)$/gm)].map(([, name]) => name!)
    assert.deepEqual(told.toSorted(), rules.map(({ alert }) => alert).toSorted())
  },
)
