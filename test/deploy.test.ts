import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { globSync, readFileSync, statSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join, matchesGlob } from 'node:path'
import { test, type TestContext } from 'node:test'
import { parse } from 'yaml'
import { all, choose } from '../services/all.ts'

const root = dirname(import.meta.dirname)
const read = (file: string): string => readFileSync(join(root, file), 'utf8')
const names = Object.keys(all)
/** Settings that there are. */
const settings = new Set(
  [...read('docs/settings.md').matchAll(/^\| (`.+?) \|/gm)].flatMap(([, cell]) =>
    [...cell!.matchAll(/`([^`]+)`/g)].map(([, name]) => name!),
  ),
)
const isSetting = (name: string): boolean =>
  settings.has(name) ||
  (name.endsWith('_SERVICE_URL') && names.includes(name.replace(/_SERVICE_URL$/, '').toLowerCase()))

/**
 * Whether `COPY . .` brings a file, by the rules of .dockerignore: the last one that fits it or a folder it is in
 * decides.
 */
const rules = read('.dockerignore')
  .split('\n')
  .filter(line => line && !line.startsWith('#'))
  .map(line => ({ brings: line.startsWith('!'), glob: line.replace(/^!/, '') }))
/** Docker's `*` fits names that begin with a dot, unlike ours. */
const undotted = (path: string): string => path.replace(/(^|\/)\./g, '$1_')
const withParents = (path: string): string[] => (path === '.' ? [] : [path, ...withParents(dirname(path))])
const isBrought = (file: string): boolean =>
  rules.reduce(
    (brought, { brings, glob }) =>
      withParents(file).some(path => matchesGlob(undotted(path), glob)) ? brings : brought,
    true,
  )

test('the image has every file that the platform and its commands load, and no package that only developers have', () => {
  const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> }
  const seen = new Set<string>()
  const packages = new Set<string>()
  const visit = (file: string): void => {
    if (seen.has(file)) return
    seen.add(file)
    assert.ok(isBrought(file), `${file} is not in the image`)
    for (const [, name] of read(file).matchAll(/(?:^import|\bfrom|\bimport\(|new URL\()\s*'([@#.a-z][^' ]*)'/gm)) {
      if (name!.startsWith('.')) visit(join(dirname(file), name!))
      else if (name === '#kernel') visit('kernel/index.ts')
      else if (name === '#law') visit('law/index.ts')
      else if (/^#(contracts|imports|money|shop)\//.test(name!)) visit(`${name!.slice(1)}.ts`)
      else if (!name!.startsWith('node:') && !builtinModules.includes(name!))
        packages.add(
          name!
            .split('/')
            .slice(0, name!.startsWith('@') ? 2 : 1)
            .join('/'),
        )
    }
  }
  for (const file of [
    'main.ts',
    'tools/cli.ts',
    'package.json',
    'package-lock.json',
    'LICENSE',
    'docs/api/asyncapi.json',
  ])
    visit(file)
  for (const name of names) for (const file of globSync(`services/${name}/migrations/*.sql`, { cwd: root })) visit(file)
  for (const file of globSync('kernel/database/migrations/*.sql', { cwd: root })) visit(file)
  assert.ok(seen.size > 80 && packages.size > 20)
  for (const name of packages) assert.ok(name in dependencies, `${name} is not among the dependencies`)
})

test('the image has no test, no secret, no data and no history', () => {
  for (const file of [
    '.env',
    'deploy/.env',
    '.git/config',
    '.data/secret',
    'node_modules/postgres/package.json',
    'test/setup.ts',
    'kernel/testing.ts',
    'test/embedded-postgres.test.ts',
    'services/documents/service.test.ts',
    'bench/run.ts',
    'tools/engines/run.ts',
  ])
    assert.ok(!isBrought(file), file)
  const brought = globSync('{contracts,imports,kernel,embedded-postgres,law,money,services,tools,docs}/**', {
    cwd: root,
  }).filter(file => statSync(join(root, file)).isFile() && isBrought(file))
  assert.ok(brought.length > 80)
  for (const file of brought)
    assert.match(file, /\.(ts|js|sql)$|^docs\/api\/(asyncapi|openapi)\.json$|^law\/data\/(formats\/)?[\w.-]+\.json$/)
})

test('the image runs as nobody special, on the Node that everything is tested with', () => {
  const dockerfile = read('deploy/Dockerfile')
  const { devDependencies, version } = JSON.parse(read('package.json')) as {
    version: string
    devDependencies: Record<string, string>
  }
  assert.match(dockerfile, new RegExp(`^ARG NODE_VERSION=${devDependencies.node}$`, 'm'))
  assert.match(dockerfile, new RegExp(`^ARG VERSION=${version}$`, 'm'))
  assert.match(dockerfile, /^USER [1-9]\d*:[1-9]\d*$/m)
})

interface Container {
  image: string
  build?: unknown
  environment: Record<string, string | null>
  networks: string[]
  read_only: boolean
  user?: string
  cap_drop: string[]
  security_opt: string[]
  healthcheck?: { test?: string[] }
  depends_on?: Record<string, { condition: string }>
  deploy: { resources: { limits: { memory: string } } }
  ports?: string[]
  profiles?: string[]
}
const compose = parse(read('deploy/compose.yaml'), { merge: true }) as { services: Record<string, Container> }

test('Compose: every service is a container of its own of the same image, that says where the others are', () => {
  const ours = Object.entries(compose.services).filter(([, { environment }]) => environment?.OHMNIBUS_SERVICES)
  assert.deepEqual(ours.map(([name]) => name).toSorted(), names.toSorted())
  for (const [name, { environment, image, user, read_only, healthcheck }] of ours) {
    assert.equal(environment.OHMNIBUS_SERVICES, name)
    assert.equal(image, compose.services.migrate!.image)
    assert.equal(read_only, true)
    assert.match(user!, /^[1-9]/)
    assert.match(healthcheck!.test!.join(' '), /127\.0\.0\.1:8080\/health\/ready/)
    for (const other of names) assert.equal(environment[`${other.toUpperCase()}_SERVICE_URL`], `http://${other}:8080`)
    for (const setting of Object.keys(environment)) assert.ok(isSetting(setting), `${name}: ${setting} is no setting`)
  }
  assert.deepEqual(
    Object.entries(compose.services)
      .filter(([name, { ports }]) => ports && name !== 'gateway')
      .map(([, { profiles }]) => profiles),
    [['observability'], ['observability']],
  )
})

test('Compose: no container may more than it needs, each has a limit, and who is waited for says when it is ready', () => {
  for (const [name, container] of Object.entries(compose.services)) {
    assert.deepEqual(container.cap_drop, ['ALL'], name)
    assert.deepEqual(container.security_opt, ['no-new-privileges:true'], name)
    assert.ok(container.deploy.resources.limits.memory, name)
    for (const [other, { condition }] of Object.entries(container.depends_on ?? {})) {
      assert.ok(compose.services[other], `${name} waits for ${other}`)
      if (condition === 'service_healthy')
        assert.ok(compose.services[other]!.healthcheck?.test, `${name} waits for the health of ${other}`)
    }
  }
  for (const name of ['postgres', 'kafka', 'redis', 's3'])
    assert.deepEqual(compose.services[name]!.networks, ['engines'])
})

test('Compose: what it asks .env for is in the example, which names nothing that is not asked for', () => {
  const text = read('deploy/compose.yaml')
  const passed = Object.values(compose.services).flatMap(({ environment }) =>
    Object.entries(environment ?? {}).flatMap(([name, value]) => (value === null ? [name] : [])),
  )
  const asked = new Set([...[...text.matchAll(/(?<!\$)\$\{(\w+)/g)].map(([, name]) => name!), ...passed])
  const example = [...read('deploy/.env.example').matchAll(/^(?:# )?([A-Z0-9_]+)=/gm)].map(([, name]) => name!)
  for (const name of example) assert.ok(asked.has(name) || text.includes(`environment: ${name}`), `${name} has no use`)
  for (const [, name] of text.matchAll(/\$\{(\w+):\?\}/g))
    assert.ok(example.includes(name!), `${name} is needed and not in the example`)
})

test('Compose: a setting in .env reaches every service, unless it is about engines or addresses, which the file itself knows', () => {
  const itsOwn =
    /^((METRICS_)?PORT|HOST|OHMNIBUS_|DATABASE_URL|<NAME>_|KAFKA_|REDIS_|S3_|AWS_|TLS_|NOTIFICATION_LOG_PATH|ADMIN_)/
  for (const setting of settings)
    if (/^[A-Z][A-Z0-9_]+$/.test(setting) && !itsOwn.test(setting))
      for (const name of names)
        assert.ok(setting in compose.services[name]!.environment, `${name} is not given ${setting}`)
})

test('Prometheus is told of every service', () => {
  const { scrape_configs: jobs } = parse(read('deploy/observability/prometheus.yaml')) as {
    scrape_configs: { static_configs: { targets: string[] }[] }[]
  }
  const targets = jobs.flatMap(({ static_configs: configs }) => configs.flatMap(config => config.targets))
  assert.deepEqual(targets.toSorted(), names.map(name => `${name}:8080`).toSorted())
})

test('units know the settings, and one service a unit is what its name says', () => {
  for (const file of ['ohmnibus.service', 'ohmnibus@.service']) {
    const unit = read(`deploy/systemd/${file}`)
    for (const [, line] of unit.matchAll(/^Environment=(.*)$/gm))
      for (const [, name] of line!.matchAll(/(\w+)=/g)) assert.ok(isSetting(name!), String(name))
    for (const line of ['NoNewPrivileges=yes', 'ProtectSystem=strict', 'LimitNOFILE=65536'])
      assert.ok(unit.includes(`\n${line}\n`), line)
  }
  assert.match(read('deploy/systemd/ohmnibus@.service'), /OHMNIBUS_SERVICES=%i$/m)
})

interface ServiceValues {
  asks?: string[]
}
const chart = join(root, 'deploy/helm/ohmnibus')
const values = parse(read('deploy/helm/ohmnibus/values.yaml')) as {
  settings: Record<string, string>
  defaults: ServiceValues
  services: Record<string, ServiceValues | null>
}

test('Helm: every service is a deployment that may reach whom it asks, all of them identity and admin, and nobody else', async () => {
  assert.deepEqual(Object.keys(values.services).toSorted(), names.toSorted())
  for (const setting of Object.keys(values.settings)) assert.ok(isSetting(setting), setting)
  for (const { name, needs = [], asksLater = [] } of await choose()) {
    const asked = new Set<string>([
      'admin',
      'identity',
      ...[...needs, ...asksLater].map((call: { owner: string }) => call.owner),
    ])
    if (name === 'gateway') for (const other of names) asked.add(other)
    asked.delete(name)
    assert.deepEqual((values.services[name]?.asks ?? values.defaults.asks!).toSorted(), [...asked].toSorted(), name)
  }
  const { version } = JSON.parse(read('package.json')) as { version: string }
  assert.equal(parse(read('deploy/helm/ohmnibus/Chart.yaml')).appVersion, version)
})

/**
 * What a program says about our files; where it is missing the test ends as skipped, as it takes minutes to compile
 * (helm) or a Python (the other).
 */
function told(t: TestContext, program: string, args: string[], how: string, input?: string): string | undefined {
  const { status, error, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', input, maxBuffer: 1 << 26 })
  if ((error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT')
    return void t.skip(`${program} is missing, which CI does without: ${how}`)
  assert.equal(status, 0, `${program} ${args.join(' ')}\n${stdout}${stderr}`)
  return stdout
}

const helm = process.env.HELM ?? 'helm'
const getHelm = 'go install helm.sh/helm/v3/cmd/helm@latest, or name it in HELM'

test('Helm takes the chart, and Kubernetes what becomes of it', t => {
  const full = [
    '--set',
    'ingress.enabled=true,ingress.host=ohmnibus.example.com,ingress.tlsSecret=tls,networkPolicy.clients[0].namespaceSelector.matchLabels.a=b',
  ]
  if (told(t, helm, ['lint', '--strict', chart], getHelm) === undefined) return
  for (const args of [[], full]) {
    const manifests = told(t, helm, ['template', 'test', chart, '--kube-version', '1.34.0', ...args], getHelm)!
    if (told(t, 'kubernetes-validate', ['--strict', '-'], 'pip install kubernetes-validate', manifests) === undefined)
      return
  }
  const monitored = told(
    t,
    helm,
    ['template', 'test', chart, '--kube-version', '1.34.0', '--set', 'monitoring.enabled=true'],
    getHelm,
  )!
  const rules = monitored
    .split('\n---\n')
    .map(text => parse(text))
    .find(manifest => manifest?.kind === 'PrometheusRule')
  assert.deepEqual(rules.spec, parse(read('deploy/observability/alerts.yaml')))
})
