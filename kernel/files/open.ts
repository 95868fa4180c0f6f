import { join } from 'node:path'
import type { Config } from '../config/config.ts'
import type { Log } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { FileStore } from './files.ts'
import { folderFiles } from './folder.ts'
import { damageReport } from './integrity.ts'

/** Where files lie: a folder, or a bucket where the settings name one. */
export async function openFiles(options: {
  config: Config
  dataFolder: string
  now: () => Date
  log: Log
  metrics: Metrics
}): Promise<FileStore> {
  const { config, dataFolder, ...shared } = options
  const { S3_BUCKET_NAME: bucket, S3_ENDPOINT: endpoint, AWS_REGION: region } = config
  if (!bucket) return folderFiles({ ...shared, folder: join(dataFolder, 'files'), onDamage: damageReport(shared) })
  const credentials = { accessKeyId: config.AWS_ACCESS_KEY_ID, secretAccessKey: config.AWS_SECRET_ACCESS_KEY }
  return await (await import('./s3.ts')).s3Files({ ...shared, ...credentials, endpoint, bucket, region })
}
