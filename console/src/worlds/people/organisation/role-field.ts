import { useRead } from '../../../blocks/data.tsx'
import type { Schema } from '../../../blocks/schema.ts'

export const rolesOf = '/api/auth/organisations/{id}/roles'

/** What a field takes that names a role: one of these of the four, or a role of the organisation, by its name. */
export function useRoleField(id: string, four: readonly string[]): Schema {
  const { data } = useRead(rolesOf, { id })
  const items = data?.data.items ?? []
  return {
    enum: [...four, ...items.map(role => role.id)],
    called: Object.fromEntries(items.map(role => [role.id, role.name])),
  }
}
