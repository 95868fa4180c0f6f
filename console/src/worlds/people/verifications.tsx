import { ask } from '../../api/client.ts'
import { listOf } from '../../blocks/list/declaration.ts'
import { plain } from '../../blocks/plain.ts'
import { listScreen } from '../../blocks/screens.tsx'

const decide = (id: string, body: object) => ask('PUT', `/api/auth/organisation-kinds/${id}`, { body })

/** Organisations that say what they are, with their evidence: an admin looks at it. */
const list = listOf('/api/auth/organisation-kinds', {
  columns: plain('organisationId:id kind:word state:state evidence:list askedAt:instant note?'),
  open: ({ organisationId }) => `/organisations/${organisationId}`,
  acts: [
    { name: texts => texts.people.verify, run: ({ id }) => decide(id, { state: 'verified' }) },
    {
      name: texts => texts.market.reject,
      asks: texts => texts.market.reason,
      run: ({ id }, note) => decide(id, { state: 'refused', note }),
    },
  ],
  empty: texts => ({ title: texts.people.verifications, text: texts.people.emptyVerifications }),
})

export default listScreen(texts => texts.people.verifications, list)
