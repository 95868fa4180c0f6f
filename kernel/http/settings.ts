import ipaddr from 'ipaddr.js'
import Type, { type Static } from 'typebox'
import { Setting } from '../config/settings.ts'

export const settings = Type.Object({
  PORT: Setting.integer('The port it listens on.', { default: 8080, minimum: 0, maximum: 65_535 }),
  HOST: Type.Optional(
    Setting.text('The address it listens on (127.0.0.1 in evaluation mode, 0.0.0.0 in production mode).'),
  ),
  PUBLIC_URL: Type.Optional(
    Setting.text(
      'The address that links in mails, QR codes and documents carry; ' +
        'production mode needs it (http://localhost:<PORT>).',
      {
        pattern: '^https?://[^\\s/]+(/[^\\s]*)?$',
        form: 'an address like https://ohmnibus.example.com',
      },
    ),
  ),
  TLS_CERT_FILE: Type.Optional(
    Setting.text('Certificate chain in PEM, for HTTPS without a proxy; read again when it changes (plain HTTP).'),
  ),
  TLS_KEY_FILE: Type.Optional(Setting.text('Its private key in PEM.')),
  CORS_ORIGINS: Setting.list('Origins whose pages may call with cookies.'),
  TRUSTED_PROXIES: Setting.list('Addresses or networks of proxies whose X-Forwarded-For is believed.'),
  ACCESS_LOG: Setting.flag('Whether each request that is answered is a line of the log; at level debug it is anyway.', {
    default: false,
  }),
})

/** What is wrong with these taken together. */
export const faultsOf = ({
  TLS_CERT_FILE,
  TLS_KEY_FILE,
  CORS_ORIGINS,
  TRUSTED_PROXIES,
}: Static<typeof settings>): string[] => [
  ...(!TLS_CERT_FILE !== !TLS_KEY_FILE ? ['TLS_CERT_FILE: goes together with TLS_KEY_FILE'] : []),
  ...CORS_ORIGINS.filter(origin => URL.parse(origin)?.origin !== origin).map(
    origin => `CORS_ORIGINS: "${origin}" is not an origin like https://app.example.com`,
  ),
  ...TRUSTED_PROXIES.filter(proxy => !isNetwork(proxy)).map(
    proxy => `TRUSTED_PROXIES: "${proxy}" is not an address or network like 10.0.0.0/8`,
  ),
]

/** What Fastify takes. */
const isNetwork = (text: string): boolean =>
  ['loopback', 'linklocal', 'uniquelocal'].includes(text) || ipaddr.isValid(text) || ipaddr.isValidCIDR(text)

/** The address links carry, without a slash at the end. */
export const publicUrlOf = ({ PUBLIC_URL, TLS_CERT_FILE, PORT }: Static<typeof settings>): string =>
  (PUBLIC_URL ?? `${TLS_CERT_FILE ? 'https' : 'http'}://localhost:${PORT}`).replace(/\/+$/, '')
