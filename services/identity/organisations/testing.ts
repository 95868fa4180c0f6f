import { listMembers } from '#contracts/identity'
import { bearer, startIdentity } from '../testing.ts'

export type Person = Awaited<ReturnType<Awaited<ReturnType<typeof startIdentity>>['person']>>

/** Identity, with people who found organisations and join them. */
export async function startOrganisations(t: Parameters<typeof startIdentity>[0], environment = {}) {
  const p = await startIdentity(t, { environment })
  const found = async (owner: Person, name = 'Voltaic GmbH') =>
    (await p.post('/organisations', { name }, owner.headers)).json().id as string
  const invite = (by: Person, id: string, email: string, role: string) =>
    p.post(`/organisations/${id}/invitations`, { email, role }, by.headers)
  /** Makes somebody a member the way it happens: by a mail. */
  const join = async (by: Person, id: string, who: Person, role: string) => {
    await invite(by, id, who.email, role)
    return await p.post('/invitations/accept', { token: await p.invitationFor(who.email) }, who.headers)
  }
  const put = (by: Person, id: string, who: Person, role: string) =>
    p.http.inject({
      method: 'PUT',
      url: `/api/auth/organisations/${id}/members/${who.id}`,
      payload: { role },
      headers: by.headers,
    })
  const remove = (by: Person, id: string, who: Person) =>
    p.http.inject({ method: 'DELETE', url: `/api/auth/organisations/${id}/members/${who.id}`, headers: by.headers })
  const roles = async (id: string) =>
    Object.fromEntries(
      (await p.ask(listMembers, { organisationId: id })).members.map(({ userId, role }) => [userId, role]),
    )
  const renew = async (who: Person) => {
    const { accessToken, refreshToken } = (await p.post('/refresh', { refreshToken: who.refreshToken })).json()
    return { ...who, accessToken, refreshToken, headers: bearer(accessToken) } as Person
  }
  return { ...p, found, invite, join, put, remove, roles, renew }
}
