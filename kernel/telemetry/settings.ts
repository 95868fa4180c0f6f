import Type from 'typebox'
import { Setting } from '../config/settings.ts'

export const settings = Type.Object({
  OTEL_EXPORTER_OTLP_ENDPOINT: Type.Optional(
    Setting.text('Where traces go, over OTLP/HTTP (nowhere).', {
      pattern: '^https?://[^\\s]+$',
      form: 'an address like http://collector:4318',
    }),
  ),
  OTEL_TRACES_SAMPLER_ARG: Setting.number('Share of the traces begun here that are kept.', {
    default: 1,
    minimum: 0,
    maximum: 1,
  }),
  LOG_LEVEL: Setting.text('How much is logged: fatal, error, warn, info, debug.', {
    default: 'info',
    pattern: '^(fatal|error|warn|info|debug|silent)$',
    form: 'fatal, error, warn, info or debug',
  }),
  METRICS_TOKEN: Type.Optional(
    Setting.secret('Bearer token that /metrics asks for; without one it is told by METRICS_PORT alone.'),
  ),
  METRICS_PORT: Type.Optional(
    Setting.integer('A port of its own for /metrics and the whole /health, without a token: keep it private.', {
      minimum: 1,
      maximum: 65_535,
    }),
  ),
})
