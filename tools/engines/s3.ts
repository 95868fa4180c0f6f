import { randomBytes } from 'node:crypto'
import { mkdirSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { CreateBucketCommand, HeadBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { cached, fetchBy } from './cache.ts'
import { EngineMissing, type Place, type Recipe } from './recipe.ts'
import { findProgram, launch } from './launch.ts'

const version = 'v1.8.0'

/** An S3 server whose buckets are folders below `folder`/data. */
export async function s3({ folder, port }: Place): Promise<Recipe> {
  const program = await versitygw()
  const data = join(folder, 'data')
  mkdirSync(data, { recursive: true })
  const settings = {
    S3_ENDPOINT: `http://127.0.0.1:${port}`,
    S3_BUCKET_NAME: 'ohmnibus',
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'ohmnibus',
    AWS_SECRET_ACCESS_KEY: randomBytes(24).toString('hex'),
  }
  return {
    settings,
    async start() {
      const life = await launch(program, ['--quiet', '--port', `127.0.0.1:${port}`, 'posix', data], {
        folder,
        environment: {
          ROOT_ACCESS_KEY: settings.AWS_ACCESS_KEY_ID,
          ROOT_SECRET_KEY: settings.AWS_SECRET_ACCESS_KEY,
        },
        ready: () =>
          fetch(settings.S3_ENDPOINT, { signal: AbortSignal.timeout(1000) }).then(
            () => true,
            () => false,
          ),
      })
      await makeBucket(settings, settings.S3_BUCKET_NAME)
      return life
    },
  }
}

/** Makes a bucket, unless it is there. */
export async function makeBucket(settings: Record<string, string>, Bucket: string): Promise<void> {
  const client = new S3Client({
    endpoint: settings.S3_ENDPOINT,
    region: settings.AWS_REGION,
    forcePathStyle: true,
    credentials: { accessKeyId: settings.AWS_ACCESS_KEY_ID!, secretAccessKey: settings.AWS_SECRET_ACCESS_KEY! },
  })
  try {
    await client.send(new HeadBucketCommand({ Bucket })).catch(async error => {
      if (error.$metadata?.httpStatusCode !== 404) throw error
      await client.send(new CreateBucketCommand({ Bucket }))
    })
  } finally {
    client.destroy()
  }
}

async function versitygw(): Promise<string> {
  const there = findProgram('versitygw', join(process.env.GOBIN ?? join(homedir(), 'go', 'bin'), 'versitygw'))
  if (there) return there
  const folder = await cached(`versitygw-${version}`, async part => {
    const go = findProgram('go', '/usr/local/go/bin/go')
    if (!go)
      throw new EngineMissing(
        `there is no versitygw; put its ${version} on the PATH, or install Go 1.24 or newer, which builds it in minutes`,
      )
    // All that Go keeps lies beside it, and goes again.
    const own = { GOBIN: part, GOPATH: join(part, 'go'), GOCACHE: join(part, 'build'), GOFLAGS: '-modcacherw' }
    await fetchBy(go, ['install', `github.com/versity/versitygw/cmd/versitygw@${version}`], own)
    for (const name of ['go', 'build']) rmSync(join(part, name), { recursive: true, force: true })
  })
  return join(folder, 'versitygw')
}
