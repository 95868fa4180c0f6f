import Type from 'typebox'
import { scopes } from '#contracts/shared'
import { anyone } from '#kernel'
import type { IdentityHost } from '../host.ts'
import { identityScopes } from './clients.ts'

const Texts = (examples: string[]) => Type.Array(Type.String(), { examples: [examples] })
const at = (path: string) => Type.String({ examples: [`https://ohmnibus.example.com${path}`] })

const IssuerView = Type.Object(
  {
    issuer: at(''),
    authorization_endpoint: at('/api/auth/authorize'),
    token_endpoint: at('/api/auth/token'),
    userinfo_endpoint: at('/api/auth/userinfo'),
    introspection_endpoint: at('/api/auth/introspect'),
    revocation_endpoint: at('/api/auth/revoke'),
    end_session_endpoint: at('/api/auth/end-session'),
    jwks_uri: at('/.well-known/jwks.json'),
    service_documentation: at('/docs'),
    scopes_supported: Texts(['openid', 'profile', 'passports:read']),
    response_types_supported: Texts(['code']),
    response_modes_supported: Texts(['query']),
    grant_types_supported: Texts(['authorization_code', 'refresh_token', 'client_credentials']),
    subject_types_supported: Texts(['public']),
    id_token_signing_alg_values_supported: Texts(['EdDSA']),
    token_endpoint_auth_methods_supported: Texts(['client_secret_basic', 'client_secret_post', 'none']),
    introspection_endpoint_auth_methods_supported: Texts(['client_secret_basic', 'client_secret_post']),
    revocation_endpoint_auth_methods_supported: Texts(['client_secret_basic', 'client_secret_post', 'none']),
    code_challenge_methods_supported: Texts(['S256']),
    prompt_values_supported: Texts(['none', 'login', 'consent']),
    claims_supported: Texts(['sub', 'name', 'email']),
    ui_locales_supported: Texts(['en', 'de']),
    authorization_response_iss_parameter_supported: Type.Boolean(),
    claims_parameter_supported: Type.Boolean(),
    request_parameter_supported: Type.Boolean(),
    request_uri_parameter_supported: Type.Boolean(),
  },
  { title: 'TokenIssuer' },
)

/** Who issues tokens, where and how: for libraries, which need no more than the address (OpenID Connect Discovery 1.0, RFC 8414). */
export function discovery({ platform, site }: IdentityHost): void {
  const { publicUrl } = platform
  const secrets = ['client_secret_basic', 'client_secret_post']
  const issuer = {
    issuer: publicUrl,
    authorization_endpoint: `${publicUrl}/api/auth/authorize`,
    token_endpoint: `${publicUrl}/api/auth/token`,
    userinfo_endpoint: `${publicUrl}/api/auth/userinfo`,
    introspection_endpoint: `${publicUrl}/api/auth/introspect`,
    revocation_endpoint: `${publicUrl}/api/auth/revoke`,
    end_session_endpoint: `${publicUrl}/api/auth/end-session`,
    jwks_uri: `${publicUrl}/.well-known/jwks.json`,
    service_documentation: `${publicUrl}/docs`,
    scopes_supported: [...identityScopes, ...scopes],
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: ['authorization_code', 'refresh_token', 'client_credentials'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['EdDSA'],
    token_endpoint_auth_methods_supported: [...secrets, 'none'],
    introspection_endpoint_auth_methods_supported: secrets,
    revocation_endpoint_auth_methods_supported: [...secrets, 'none'],
    code_challenge_methods_supported: ['S256'],
    prompt_values_supported: ['none', 'login', 'consent'],
    claims_supported: [
      'sub',
      'iss',
      'aud',
      'exp',
      'iat',
      'auth_time',
      'nonce',
      'at_hash',
      'sid',
      'amr',
      'acr',
      'name',
      'given_name',
      'family_name',
      'locale',
      'email',
      'email_verified',
    ],
    ui_locales_supported: ['en', 'de'],
    authorization_response_iss_parameter_supported: true,
    claims_parameter_supported: false,
    request_parameter_supported: false,
    request_uri_parameter_supported: false,
  }
  for (const [name, standard] of [
    ['openid-configuration', 'OpenID Connect'],
    ['oauth-authorization-server', 'OAuth 2.0'],
  ] as const)
    site.get(
      `/.well-known/${name}`,
      {
        config: { access: anyone },
        schema: {
          summary: `Who issues the tokens, where, and where the keys are (${standard})`,
          response: { 200: IssuerView },
        },
      },
      async (_request, reply) => {
        reply.header('cache-control', 'public, max-age=300')
        return issuer
      },
    )
}
