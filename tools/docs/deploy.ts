import type { Service } from '../../kernel/service.ts'

/**
 * The parts of deploy/ that must know all services, in the order of services/all.ts. They stand between two comments of
 * files that are otherwise written by hand: `# Made by npm run docs: <part>.` and `# End of what is made.`
 */
export function deployParts(services: readonly Service[], settings: readonly string[]): Record<string, Parts> {
  const names = services.map(({ name }) => name)
  return {
    'deploy/compose.yaml': {
      addresses: names.map(name => `  ${name.toUpperCase()}_SERVICE_URL: http://${name}:8080\n`).join(''),
      // Some are of several services.
      settings: [...new Set(settings)].map(name => `  ${name}:\n`).join(''),
      services: names.map(name => container(name, names)).join('\n'),
    },
    'deploy/observability/prometheus.yaml': {
      targets: ['      - targets:\n', ...names.map(name => `          - '${name}:8080'\n`)].join(''),
    },
    'deploy/helm/ohmnibus/values.yaml': {
      services: services.map(service => deployment(service, names)).join(''),
    },
  }
}

export type Parts = Record<string, string>

/** The file with its parts as they should be. Fails when it has no place for one. */
export function withParts(file: string, text: string, parts: Parts): string {
  const [open, close] = file.endsWith('.md') ? ['<!-- ', ' -->'] : ['# ', '']
  return Object.entries(parts).reduce((whole, [part, content]) => {
    const [begin, end] = [`${open}Made by npm run docs: ${part}.${close}`, `${open}End of what is made.${close}`]
    const place = new RegExp(`^( *)${begin.replaceAll('.', '\\.')}\\n[^]*?^ *${end.replaceAll('.', '\\.')}$`, 'm')
    const indent = place.exec(whole)?.[1]
    if (indent === undefined) throw new Error(`${file} has no place for the part "${part}".`)
    return whole.replace(place, () => `${indent}${begin}\n${content}${indent}${end}`)
  }, text)
}

/** Compose passes these on from .env; it knows engines, addresses and the first admin itself. */
export const isPassedOn = (setting: string): boolean =>
  !/^(PORT|HOST|OHMNIBUS_|DATABASE_URL|KAFKA_|REDIS_|S3_|AWS_|TLS_|METRICS_|PUBLIC_URL|NOTIFICATION_LOG_PATH|ADMIN_)/.test(
    setting,
  )

/** What a container has beside what all have. */
const special: Record<string, { environment?: string[]; more?: string[] }> = {
  gateway: { more: ["ports: ['${GATEWAY_ADDRESS:-127.0.0.1:8080}:8080']"] },
  identity: { environment: ['ADMIN_EMAIL', 'ADMIN_PASSWORD'] },
  // Messages are files where no mail server is set.
  notifications: { more: ["tmpfs: ['/tmp:mode=1777,size=64m']", "volumes: ['messages:/data']"] },
}

function container(name: string, names: readonly string[]): string {
  const { environment = [], more = [] } = special[name] ?? {}
  const waits = ['migrate: { condition: service_completed_successfully }', ...['kafka', 'redis', 's3'].map(healthy)]
  const lines = [
    `${name}:`,
    '  <<: *service',
    `  environment: { <<: *environment, ${[`OHMNIBUS_SERVICES: ${name}`, ...environment].join(', ')} }`,
    ...more.map(line => `  ${line}`),
    ...(name === 'gateway'
      ? [
          '  depends_on:',
          ...[...waits, ...names.filter(other => other !== name).map(healthy)].map(line => `    ${line}`),
        ]
      : []),
  ]
  return lines.map(line => `  ${line}\n`).join('')
}

const healthy = (name: string): string => `${name}: { condition: service_healthy }`

/** All ask identity who somebody is, and have admin write down what admins do; the gateway passes on to everybody. */
function deployment({ name, needs = [], asksLater = [] }: Service, names: readonly string[]): string {
  const owners = ([...needs, ...asksLater] as readonly { owner: string }[]).map(({ owner }) => owner)
  const asked = new Set(name === 'gateway' ? names : ['admin', 'identity', ...owners])
  asked.delete(name)
  const asks = `asks: [${names.filter(other => asked.has(other)).join(', ')}]`
  if (name !== 'identity') return `  ${name}: { ${asks} }\n`
  return `  identity:
    ${asks}
    # Password hashes cost processor time.
    resources:
      requests: { cpu: 500m, memory: 256Mi }
      limits: { memory: 512Mi }
`
}
