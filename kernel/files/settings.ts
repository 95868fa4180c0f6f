import Type from 'typebox'
import { Setting } from '../config/settings.ts'

export const settings = Type.Object({
  S3_BUCKET_NAME: Type.Optional(Setting.text('The bucket that files lie in (a folder).')),
  S3_ENDPOINT: Type.Optional(
    Setting.text('Address of an S3 server other than that of AWS.', {
      pattern: '^https?://[^\\s/]+/?$',
      form: 'an address like https://s3.example.com',
    }),
  ),
  AWS_REGION: Setting.text('Region of the bucket.', { default: 'us-east-1' }),
  AWS_ACCESS_KEY_ID: Type.Optional(Setting.text('Key for it (what the machine has: a role, a profile).')),
  AWS_SECRET_ACCESS_KEY: Type.Optional(Setting.secret('And its secret.')),
})
