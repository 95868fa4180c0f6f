import assert from 'node:assert/strict'
import type { Client } from './client.ts'

const pdf = Buffer.from('%PDF-1.7\nabout me')

/** A job is offered, people apply with a file, and one of them changes their mind. */
export async function contentHappens(admin: Client, address: string): Promise<void> {
  const { id } = await admin.get(201, 'POST /api/content/jobs', {
    language: 'en',
    title: 'Field technician',
    organisation: 'Voltaic GmbH',
    employment: 'full-time',
    body: 'You repair chargers.',
  })
  await admin.get(200, `POST /api/content/jobs/${id}/publish`)
  for (const name of ['Grace Hopper', 'Ida Rhodes']) {
    const form = new FormData()
    form.set('name', name)
    form.set('email', `${name.split(' ')[0]!.toLowerCase()}@example.org`)
    form.set('file', new File([pdf], 'cv.pdf', { type: 'application/pdf' }))
    const answer = await fetch(new URL(`/api/content/jobs/${id}/apply`, address), { method: 'POST', body: form })
    assert.equal(answer.status, 201, await answer.text())
  }
  const { items } = await admin.get(200, `GET /api/content/jobs/${id}/applications`)
  await admin.get(204, `DELETE /api/content/applications/${items[0].id}`)
}
