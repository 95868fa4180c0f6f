import { writeFileSync } from 'node:fs'
import openapi, { astToString } from 'openapi-typescript'

/** The types of the API, made from its document; nothing of an answer is typed by hand. */
const nodes = await openapi(new URL('../docs/api/openapi.json', import.meta.url), { exportType: false })
writeFileSync(new URL('src/api/api.gen.d.ts', import.meta.url), astToString(nodes))
