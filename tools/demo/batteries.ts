import { setTimeout as sleep } from 'node:timers/promises'
import type { Platform } from '../../kernel/run/run.ts'
import { fleets, type Fleet, type Model, type Paper } from './battery-models.ts'
import { pdfOf } from './papers.ts'

/** Asks the platform, as the seed does. */
type Client = (
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  body?: object,
  token?: string,
) => Promise<any>
interface SignIn {
  email: string
  password: string
}

/** Somebody of the demo, acting for their organisation. */
interface Party {
  readonly platform: Platform
  readonly client: Client
  readonly token: string
  readonly organisationId: string
  readonly stopping: AbortSignal
}

const at = '/api/passports'

/**
 * Two fleets that one would want to look at: a maker whose batteries say all that the law asks, and an importer whose
 * spreadsheet says little. Five models and 500 batteries with readiness of every kind, made as clients make them; both
 * organisations are verified, and their people sign in with the password of the first admin.
 */
export async function seedBatteries(
  platform: Platform,
  client: Client,
  admin: SignIn,
  stopping: AbortSignal,
): Promise<void> {
  const { accessToken: root } = await client('POST', '/api/auth/login', admin)
  await letIn(platform, client, admin, root, stopping)
  for (const fleet of fleets) {
    const { accessToken } = await client('POST', '/api/auth/login', { email: fleet.email, password: admin.password })
    const organisation = await client('POST', '/api/auth/organisations', { name: fleet.name }, accessToken)
    const switched = await client('POST', `/api/auth/organisations/${organisation.id}/switch`, {}, accessToken)
    const party = { platform, client, token: switched.accessToken, organisationId: organisation.id, stopping }
    for (const model of fleet.models) {
      if (stopping.aborted) return
      await makeModel(party, model)
    }
    for (const data of fleet.alone) await makeAlone(party, data)
    if (platform.services.includes('documents')) await verify(party, fleet, root)
  }
}

/** People whose addresses an admin vouches for: an import takes them over with a password that is hashed already. */
async function letIn(
  platform: Platform,
  client: Client,
  admin: SignIn,
  root: string,
  stopping: AbortSignal,
): Promise<void> {
  const { hash } = await import('@node-rs/argon2')
  const passwordHash = await hash(admin.password)
  const rows = fleets.map(({ email, person }) => `${email},yes,${person},"${passwordHash}"`)
  const file = ['email,emailVerified,name,passwordHash', ...rows].join('\n')
  await imported(platform, client, '/api/auth/users', file, root, stopping)
}

/** Sends a file as people do, and waits until it is taken over. Fails where a line of it is refused. */
async function imported(
  { app }: Platform,
  client: Client,
  path: string,
  file: string,
  token: string,
  stopping: AbortSignal,
): Promise<void> {
  const answer = await app.inject({
    method: 'POST',
    url: path === at ? `${at}/import` : `${path}/imports`,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'text/csv' },
    payload: file,
  })
  if (answer.statusCode !== 202) throw new Error(`a file for ${path} was answered ${answer.statusCode}: ${answer.body}`)
  const done = await ended(client, String(answer.headers.location), token, stopping)
  if (done.failed > 0) throw new Error(`lines of a file for ${path} were refused: ${JSON.stringify(done.faults)}`)
}

/** What became of something that a job does. */
async function ended(client: Client, path: string, token: string, stopping: AbortSignal): Promise<any> {
  for (
    const deadline = Date.now() + 120_000;
    Date.now() < deadline;
    await sleep(100, undefined, { signal: stopping })
  ) {
    const one = await client('GET', path, undefined, token)
    if (['done', 'failed', 'cancelled'].includes(one.state)) return one
  }
  throw new Error(`${path} takes too long`)
}

async function makeModel(party: Party, model: Model): Promise<void> {
  const { client, token } = party
  const made = await client('POST', at, { data: model.data, granularity: 'model' }, token)
  const papers = party.platform.services.includes('documents') ? await attach(party, made.id, model.papers ?? []) : {}
  if (Object.keys(papers).length > 0)
    await client('PATCH', `${at}/${made.id}/attributes`, { attributes: papers }, token)
  await client('POST', `${at}/${made.id}/publish`, undefined, token)
  if (model.spreadsheet) {
    await imported(party.platform, client, at, model.spreadsheet(made.id), token, party.stopping)
    return
  }
  let batchId: string | undefined
  if (model.batch) {
    const batch = await client('POST', at, { data: model.batch, granularity: 'batch', parentId: made.id }, token)
    await client('POST', `${at}/${batch.id}/publish`, undefined, token)
    batchId = batch.id
  }
  for (const { published, ...order } of model.orders) {
    const body = { ...order, ...(batchId && { batchId }), publish: published }
    const { id } = await client('POST', `${at}/${made.id}/items`, body, token)
    const done = await ended(client, `${at}/${made.id}/items/${id}`, token, party.stopping)
    if (done.created < done.total) throw new Error(`of ${done.total} batteries ${done.created} were made`)
  }
  const lives = model.life?.length ?? 0
  const { items } =
    lives > 0
      ? await client('GET', `${at}/${batchId ?? made.id}/children?limit=${lives}`, undefined, token)
      : { items: [] }
  for (const [index, changes] of (model.life ?? []).entries())
    for (const attributes of changes)
      await client('PATCH', `${at}/${items[index].id}/attributes`, { attributes, reason: 'Read in a workshop' }, token)
  if (model.correction) await client('PATCH', `${at}/${made.id}/attributes`, model.correction, token)
}

async function makeAlone({ client, token }: Party, { data, published }: Fleet['alone'][number]): Promise<void> {
  const { id } = await client('POST', at, { data }, token)
  if (published) await client('POST', `${at}/${id}/publish`, undefined, token)
}

/** Documents of a passport, each at its point; answers what its attributes say of them. */
async function attach(party: Party, passportId: string, papers: readonly Paper[]): Promise<Record<string, object>> {
  const said: Record<string, object> = {}
  for (const paper of papers) {
    const url = `${party.platform.config.publicUrl}/api/documents/${await upload(party, paper, passportId)}?download=1`
    const document = { title: paper.title, url, language: 'en' }
    if (paper.attribute) said[paper.attribute] = { value: paper.many ? [document] : document }
  }
  return said
}

async function upload({ platform, token }: Party, paper: Paper, passportId?: string): Promise<string> {
  const boundary = 'demo-of-batteries'
  const fields = { title: paper.title, kind: paper.kind, language: 'en', ...(passportId && { passportId }) }
  const parts = Object.entries(fields).map(
    ([name, value]) => `--${boundary}\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  )
  const head = `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="${paper.kind}.pdf"\r\ncontent-type: application/pdf\r\n\r\n`
  const answer = await platform.app.inject({
    method: 'POST',
    url: '/api/documents/upload',
    headers: { authorization: `Bearer ${token}`, 'content-type': `multipart/form-data; boundary=${boundary}` },
    payload: Buffer.concat([
      Buffer.from(parts.join('') + head),
      pdfOf(paper.title, paper.lines),
      Buffer.from(`\r\n--${boundary}--\r\n`),
    ]),
  })
  if (answer.statusCode !== 201) throw new Error(`${paper.title} was answered ${answer.statusCode}: ${answer.body}`)
  return answer.json().docId
}

/** What the organisation is, shown by a document and verified by the admin, who does not belong to it. */
async function verify(party: Party, fleet: Fleet, root: string): Promise<void> {
  const { client, token, organisationId } = party
  const identifiers = [{ scheme: 'GLN', value: fleet.gln }]
  await client('PUT', `/api/auth/organisations/${organisationId}/identifiers`, { identifiers }, token)
  const extract = {
    title: `Extract of the register: ${fleet.name}`,
    kind: 'other',
    lines: ['Made for a demonstration.'],
  }
  const evidence = [await upload(party, extract)]
  const asked = await client(
    'POST',
    `/api/auth/organisations/${organisationId}/kinds`,
    { kind: fleet.kind, evidence },
    token,
  )
  const body = { state: 'verified', note: 'Verified for the demonstration.' }
  await client('PUT', `/api/auth/organisation-kinds/${asked.id}`, body, root)
}
