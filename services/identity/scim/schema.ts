/** An attribute as RFC 7643 (7) describes it; what is not said is as it is there by default. */
export interface Attribute {
  name: string
  type: 'string' | 'boolean' | 'complex' | 'reference' | 'dateTime'
  description: string
  multiValued?: boolean
  required?: boolean
  caseExact?: boolean
  mutability?: 'readOnly' | 'readWrite' | 'immutable'
  uniqueness?: 'none' | 'server'
  referenceTypes?: string[]
  subAttributes?: Attribute[]
}

export const userUrn = 'urn:ietf:params:scim:schemas:core:2.0:User'
export const groupUrn = 'urn:ietf:params:scim:schemas:core:2.0:Group'
export const patchUrn = 'urn:ietf:params:scim:api:messages:2.0:PatchOp'
const schemaUrn = 'urn:ietf:params:scim:schemas:core:2.0:Schema'

/** Of every resource (RFC 7643, 3.1); they are in no schema. */
const common: Attribute[] = [
  { name: 'id', type: 'string', description: 'Given by us', caseExact: true, mutability: 'readOnly' },
  { name: 'externalId', type: 'string', description: 'Given by the client', caseExact: true },
  {
    name: 'meta',
    type: 'complex',
    description: 'About the resource',
    mutability: 'readOnly',
    subAttributes: [
      { name: 'created', type: 'dateTime', description: 'When it was made', mutability: 'readOnly' },
      { name: 'lastModified', type: 'dateTime', description: 'When it was changed', mutability: 'readOnly' },
    ],
  },
]

const user: Attribute[] = [
  {
    name: 'userName',
    type: 'string',
    description: 'Unique in the organisation; the address of the account where emails has none',
    required: true,
    uniqueness: 'server',
  },
  {
    name: 'name',
    type: 'complex',
    description: 'The name of the person',
    subAttributes: [
      { name: 'formatted', type: 'string', description: 'The whole name' },
      { name: 'familyName', type: 'string', description: 'The last name' },
      { name: 'givenName', type: 'string', description: 'The first name' },
    ],
  },
  { name: 'displayName', type: 'string', description: 'The name as it is shown' },
  {
    name: 'emails',
    type: 'complex',
    multiValued: true,
    description: 'Addresses; the primary one is that of the account, in a verified domain of the organisation',
    subAttributes: [
      { name: 'value', type: 'string', description: 'The address' },
      { name: 'type', type: 'string', description: 'As work' },
      { name: 'primary', type: 'boolean', description: 'Whether it is the one to use' },
    ],
  },
  { name: 'preferredLanguage', type: 'string', description: 'The language of messages: English or German' },
  { name: 'active', type: 'boolean', description: 'Whether the person belongs to the organisation' },
  {
    name: 'groups',
    type: 'complex',
    multiValued: true,
    mutability: 'readOnly',
    description: 'Groups the person is in',
    subAttributes: [
      { name: 'value', type: 'string', description: 'The id of the group', caseExact: true, mutability: 'readOnly' },
      {
        name: '$ref',
        type: 'reference',
        referenceTypes: ['Group'],
        description: 'Where the group is',
        mutability: 'readOnly',
      },
      { name: 'display', type: 'string', description: 'The name of the group', mutability: 'readOnly' },
    ],
  },
]

const group: Attribute[] = [
  {
    name: 'displayName',
    type: 'string',
    description: 'Unique in the organisation',
    required: true,
    uniqueness: 'server',
  },
  {
    name: 'members',
    type: 'complex',
    multiValued: true,
    description: 'People in the group',
    subAttributes: [
      { name: 'value', type: 'string', description: 'The id of the person', caseExact: true, mutability: 'immutable' },
      {
        name: '$ref',
        type: 'reference',
        referenceTypes: ['User'],
        description: 'Where the person is',
        mutability: 'immutable',
      },
    ],
  },
]

/** A kind of resource. */
export interface Kind {
  name: 'User' | 'Group'
  urn: string
  attributes: readonly Attribute[]
}

export const kinds: Record<'User' | 'Group', Kind> = {
  User: { name: 'User', urn: userUrn, attributes: [...common, ...user] },
  Group: { name: 'Group', urn: groupUrn, attributes: [...common, ...group] },
}

/** What the core schema and clients know of people beside what we keep: taken and not kept (RFC 7643, 4.1). */
export const notKept = new Set(
  ['nickName', 'profileUrl', 'title', 'userType', 'locale', 'timezone', 'password', 'phoneNumbers', 'ims', 'photos']
    .concat(['addresses', 'entitlements', 'roles', 'x509Certificates', 'schemas'])
    .map(name => name.toLowerCase()),
)

/** Names are compared without regard to case (RFC 7643, 2.1). */
export const attributeIn = (attributes: readonly Attribute[] | undefined, name: string): Attribute | undefined =>
  attributes?.find(attribute => attribute.name.toLowerCase() === name.toLowerCase())

const described = (a: Attribute): object => ({
  name: a.name,
  type: a.type,
  multiValued: a.multiValued ?? false,
  description: a.description,
  required: a.required ?? false,
  ...(a.type !== 'boolean' && a.type !== 'complex' && { caseExact: a.caseExact ?? a.type === 'reference' }),
  mutability: a.mutability ?? 'readWrite',
  returned: 'default',
  ...(a.type !== 'boolean' && a.type !== 'complex' && { uniqueness: a.uniqueness ?? 'none' }),
  ...(a.referenceTypes && { referenceTypes: a.referenceTypes }),
  ...(a.subAttributes && { subAttributes: a.subAttributes.map(described) }),
})

/** The three documents by which a client finds out what we can (RFC 7644, 4); `at` is the address of the interface. */
export const discovery = (at: string) => {
  const meta = (resourceType: string, path: string) => ({ resourceType, location: `${at}/${path}` })
  return {
    config: {
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig'],
      patch: { supported: true },
      bulk: { supported: false, maxOperations: 0, maxPayloadSize: 0 },
      filter: { supported: true, maxResults: 200 },
      changePassword: { supported: false },
      sort: { supported: false },
      etag: { supported: true },
      authenticationSchemes: [
        {
          type: 'oauthbearertoken',
          name: 'Bearer token',
          description: 'A token that an owner or admin of the organisation made',
          specUri: 'https://www.rfc-editor.org/info/rfc6750',
          primary: true,
        },
      ],
      meta: meta('ServiceProviderConfig', 'ServiceProviderConfig'),
    },
    types: Object.values(kinds).map(({ name, urn }) => ({
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:ResourceType'],
      id: name,
      name,
      endpoint: `/${name}s`,
      description: name === 'User' ? 'People of the organisation' : 'Groups, which may stand for roles',
      schema: urn,
      meta: meta('ResourceType', `ResourceTypes/${name}`),
    })),
    schemas: Object.values(kinds).map(({ name, urn, attributes }) => ({
      schemas: [schemaUrn],
      id: urn,
      name,
      description: name === 'User' ? 'A person' : 'A group',
      attributes: attributes.filter(attribute => !common.includes(attribute)).map(described),
      meta: meta('Schema', `Schemas/${urn}`),
    })),
  }
}
