import { writeFileSync } from 'node:fs'
import openapi, { astToString } from 'openapi-typescript'

/** The types of the API, made from its document, for the console and for clients; nothing of an answer is typed by hand. */
const nodes = await openapi(new URL('../docs/api/openapi.json', import.meta.url), { exportType: false })
const types = astToString(nodes)
writeFileSync(new URL('src/api/api.gen.d.ts', import.meta.url), types)
writeFileSync(new URL('../packages/client/src/api.gen.d.ts', import.meta.url), types)
