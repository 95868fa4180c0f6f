import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { stdin, stdout } from 'node:process'
import { createInterface } from 'node:readline/promises'

/**
 * `npm run new-service -- warranties warranty [/api/warranties]`: the contract and the first files of a service, listed
 * in services/all.ts, with everything made anew that must know all services: the tree stays green.
 */
const usage = `npm run new-service -- <name> <singular> [<prefix>], as: warranties warranty
  name: of the service, a plural noun in small letters; singular: the one thing it keeps;
  prefix: of its addresses, where that is not /api/<name>`

async function asked(): Promise<{ name: string; thing: string; prefix: string }> {
  const [name = '', thing = '', prefix = ''] = process.argv.slice(2)
  if ((name && thing) || !stdin.isTTY) return { name, thing, prefix: prefix || `/api/${name}` }
  const person = createInterface({ input: stdin, output: stdout })
  try {
    const given = name || (await person.question('Name of the service, a plural noun (warranties): '))
    const one = thing || (await person.question('The one thing it keeps (warranty): '))
    const usual = `/api/${given}`
    const own = prefix || (await person.question(`Prefix of its addresses (${usual}): `))
    return { name: given, thing: one, prefix: own || usual }
  } finally {
    person.close()
  }
}

const refuse = (why: string): never => {
  console.error(why)
  process.exit(1)
}

const { name, thing, prefix } = await asked()
if (!/^[a-z]{3,30}$/.test(name) || !/^[a-z]{3,30}$/.test(thing) || thing === name) refuse(usage)
if (!/^\/api(\/[a-z0-9-]+)+$/.test(prefix)) refuse(`${prefix} is no prefix like /api/${name}.`)
const root = dirname(import.meta.dirname)
if (existsSync(join(root, 'services', name))) refuse(`services/${name} is there already.`)
const Thing = thing[0]!.toUpperCase() + thing.slice(1)
const Things = name[0]!.toUpperCase() + name.slice(1)
const Created = `${Thing}Created`
const ownPrefix = prefix === `/api/${name}` ? '' : `\n  prefix: '${prefix}',`

const files = {
  [`contracts/${name}.ts`]: `import Type from 'typebox'
import { event } from './define.ts'
import { Id, Owner } from './shared.ts'

/** A ${thing} exists. */
export const ${Created} = event(
  '${name}',
  '${thing}.created',
  '${thing}Id',
  Type.Object({
    ${thing}Id: Id,
    owner: Owner,
    version: Type.Integer({ minimum: 1, examples: [1] }),
  }),
)
`,
  [`services/${name}/migrations/0001_${name}.sql`]: `-- ${name}: one row a ${thing}.
create table ${name} (
  id         uuid        primary key,
  owner_kind text        not null check (owner_kind in ('person', 'organisation')),
  owner_id   uuid        not null,
  name       text        not null,
  version    integer     not null check (version > 0),
  created_at timestamptz not null
);
create index ${name}_by_owner on ${name} (owner_id, created_at, id);
`,
  [`services/${name}/store.ts`]: `import type { Owner } from '#contracts/shared'
import type { Db, Tx } from '#kernel'

export interface ${Thing} {
  id: string
  owner: Owner
  name: string
  version: number
  createdAt: Date
}

export async function insert${Thing}(tx: Tx, { id, owner, name, version, createdAt }: ${Thing}): Promise<void> {
  await tx\`
    insert into ${name} (id, owner_kind, owner_id, name, version, created_at)
    values (\${id}, \${owner.kind}, \${owner.id}, \${name}, \${version}, \${createdAt})\`
}

export async function find${Thing}(db: Db, id: string): Promise<${Thing} | undefined> {
  const [row] = await db<${Thing}[]>\`
    select id, json_build_object('kind', owner_kind, 'id', owner_id) as owner, name, version, created_at as "createdAt"
    from ${name} where id = \${id}\`
  return row
}
`,
  [`services/${name}/host.ts`]: `import type { Host } from '#kernel'

/** What this service has of the world. */
export type ${Things}Host = Host<'${name}'>
`,
  [`services/${name}/problems.ts`]: `import type { Problems } from '#kernel'

/** What ${name} refuse with. */
export const problems = {
  ${thing}_unknown: ['not_found', 'There is no such ${thing}, or it is not for who asks.'],
} satisfies Problems
`,
  [`services/${name}/routes.ts`]: `import Type from 'typebox'
import { ${Created} } from '#contracts/${name}'
import { Id, Instant, Owner } from '#contracts/shared'
import { authorise, newId, notModified, ownerFor, signedIn } from '#kernel'
import type { ${Things}Host } from './host.ts'
import { find${Thing}, insert${Thing}, type ${Thing} } from './store.ts'

const Name = Type.String({ minLength: 1, maxLength: 200, examples: ['The first one'] })
const View = Type.Object(
  { id: Id, owner: Owner, name: Name, version: Type.Integer({ minimum: 1, examples: [1] }), createdAt: Instant },
  { title: '${Thing}' },
)

const view = (one: ${Thing}) => ({ ...one, createdAt: one.createdAt.toISOString() })

export function routes({ db, http, now }: ${Things}Host): void {
  http.post(
    '/',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Create a ${thing}',
        honours: ['Idempotency-Key'],
        gives: ['Location'],
        refuses: ['editor_required'],
        body: Type.Object({ name: Name }),
        response: { 201: View },
      },
    },
    async (request, reply) => {
      const { actor, body } = request
      const made: ${Thing} = { id: newId(), owner: ownerFor(actor), name: body.name, version: 1, createdAt: now() }
      const created = await db.once(request, async tx => {
        await insert${Thing}(tx, made)
        await tx.publish(${Created}, { ${thing}Id: made.id, owner: made.owner, version: made.version })
        return view(made)
      })
      return reply.code(201).header('location', \`${prefix}/\${created.id}\`).send(created)
    },
  )

  http.get(
    '/:id',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Read a ${thing}',
        honours: ['If-None-Match'],
        refuses: ['${thing}_unknown'],
        params: Type.Object({ id: Id }),
        response: { 200: View },
      },
    },
    async (request, reply) => {
      const found = await find${Thing}(db, request.params.id)
      authorise(request.actor, 'read', found, '${thing}_unknown')
      return notModified(request, reply, found!.version) ? reply.send() : view(found!)
    },
  )
}
`,
  [`services/${name}/service.ts`]: `import { ${Created} } from '#contracts/${name}'
import { defineService } from '#kernel'
import { problems } from './problems.ts'
import { routes } from './routes.ts'

/** ${Things}: say in one sentence what they are for. */
export const ${name} = defineService({
  name: '${name}',
  about: '${Things}: say in one sentence what they are for.',
  problems,
  folder: import.meta.dirname,${ownPrefix}
  publishes: [${Created}],
  start(host) {
    routes(host)
  },
})
`,
  [`services/${name}/service.test.ts`]: `import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ${Created} } from '#contracts/${name}'
import { newId } from '#kernel'
import { start } from '../../kernel/testing.ts'
import { ${name} } from './service.ts'

const url = '${prefix}'

test('who creates a ${thing} can read it, and nobody else learns that it is there', async t => {
  const { http, published, signedIn } = await start(t, [${name}])
  const headers = signedIn()
  const created = await http.inject({ method: 'POST', url, headers, payload: { name: 'The first one' } })
  assert.equal(created.statusCode, 201)
  const { id } = created.json()

  assert.deepEqual((await http.inject({ url: \`\${url}/\${id}\`, headers })).json(), created.json())
  const [told] = await published(${Created})
  assert.equal(told?.${thing}Id, id)
  for (const path of [id, newId()]) {
    const refused = await http.inject({ url: \`\${url}/\${path}\`, headers: signedIn() })
    assert.deepEqual([refused.statusCode, refused.json().code], [404, '${thing}_unknown'])
  }
})

test('a ${thing} has a name, and nothing it does not know', async t => {
  const { http, signedIn } = await start(t, [${name}])
  for (const [payload, pointer] of [
    [{}, '/name'],
    [{ name: '' }, '/name'],
    [{ name: 'a', more: 1 }, '/more'],
  ] as const) {
    const refused = await http.inject({ method: 'POST', url, headers: signedIn(), payload })
    assert.deepEqual([refused.statusCode, refused.json().errors[0].pointer], [400, pointer])
  }
})
`,
}

for (const [file, text] of Object.entries(files)) {
  await mkdir(dirname(join(root, file)), { recursive: true })
  await writeFile(join(root, file), text, { flag: 'wx' })
  console.log(`wrote ${file}`)
}
const list = join(root, 'services', 'all.ts')
const listed = await readFile(list, 'utf8')
await writeFile(
  list,
  listed.replace(/\n\}\n/, `\n  ${name}: async () => (await import('./${name}/service.ts')).${name},\n}\n`),
)
console.log('listed it in services/all.ts')
for (const [program, ...args] of [
  ['node_modules/.bin/oxfmt', `services/${name}`, `contracts/${name}.ts`, 'services/all.ts'],
  [process.execPath, 'tools/docs.ts'],
] as const)
  if (spawnSync(program, args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] }).status !== 0)
    refuse(`${program} ${args.join(' ')} failed; its words stand above.`)
console.log(`made documents and deploy/ anew; next: npm test -- services/${name}, and a line in CHANGELOG.md`)
