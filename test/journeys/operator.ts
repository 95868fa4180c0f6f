import type { Client } from './client.ts'

/** Makes an organisation that an admin has verified as a manufacturer, and goes on acting for it; answers its id. */
export async function becomeManufacturer(root: Client, who: Client, name: string): Promise<string> {
  const { id } = await who.get(201, 'POST /api/auth/organisations', { name })
  const at = `/api/auth/organisations/${id}`
  who.use(await who.get(200, `POST ${at}/switch`))
  await who.get(200, `PUT ${at}/identifiers`, { identifiers: [{ scheme: 'VAT', value: 'DE136695976' }] })
  const form = new FormData()
  form.append('kind', 'register-extract')
  form.append('file', new File(['%PDF-1.7\nExtract of the register'], 'register.pdf'))
  const { docId } = await who.get(201, 'POST /api/documents/upload', form)
  const asked = await who.get(201, `POST ${at}/kinds`, { kind: 'manufacturer', evidence: [docId] })
  await root.get(200, `PUT /api/auth/organisation-kinds/${asked.id}`, { state: 'verified' })
  return id
}
