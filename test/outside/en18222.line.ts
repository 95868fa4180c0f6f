import assert from 'node:assert/strict'
import { parse } from 'yaml'
import { newId } from '#kernel'
import { npmOf } from '../../tools/outside/peers.ts'
import { open, published } from '../lattice/cases.ts'
import { line } from './line.ts'
import { upstream } from './upstream.ts'

/** A document of OpenAPI of any depth. */
type Json = Record<string, any>

/**
 * Where BaSyx asks that a value be of one kind alone and two of its kinds are each other's (an integer is a number, an
 * element is an object), so that no integer and no element would do: of any kind.
 */
function mended(node: any): any {
  if (Array.isArray(node)) return node.map(mended)
  if (typeof node !== 'object' || node === null) return node
  const { oneOf, ...rest } = Object.fromEntries(Object.entries(node).map(([key, one]) => [key, mended(one)]))
  const overlap = (oneOf as Json[] | undefined)?.some(
    ({ type, $ref }) => type === 'integer' || $ref?.endsWith('CompressedDataElementValue'),
  )
  return { ...rest, ...(oneOf && { [overlap ? 'anyOf' : 'oneOf']: oneOf }) }
}

line('EN 18222: our answers beside the OpenAPI of BaSyx, by openapi-response-validator', async t => {
  const { default: Validator } = await npmOf('openapi-response-validator')
  const document = mended(parse(upstream('en18222/basyx-dpp-api.openapi.yaml'))) as Json
  const of = await open(t)
  const owner = { userId: newId() }
  const { id, markers } = await published(of, 'EV', owner)
  const [dpp, product] = [
    encodeURIComponent(`urn:uuid:${id}`),
    encodeURIComponent(`zq${markers.get('uniqueBatteryIdentifier')}`),
  ]
  const patch = 'application/merge-patch+json'
  const mass = encodeURIComponent("$['identity']['batteryMass']")
  const unknown = encodeURIComponent(`urn:uuid:${newId()}`)
  const draft = { granularity: 'Item', identity: { batteryCategory: 'EV' } }
  const asked: [string, string, string, (object | string)?, string?][] = [
    ['get', '/v1/dpps/{dppId}', `/v1/dpps/${dpp}`],
    ['get', '/v1/dpps/{dppId}', `/v1/dpps/${dpp}?representation=full`],
    ['get', '/v1/dpps/{dppId}', `/v1/dpps/${unknown}`],
    ['get', '/v1/dpps/{dppId}', `/v1/dpps/${dpp}?representation=other`],
    ['get', '/v1/dppsByProductId/{productId}', `/v1/dppsByProductId/${product}`],
    ['get', '/v1/dppsByProductId/{productId}', '/v1/dppsByProductId/nothing'],
    ['get', '/v1/dppsByIdAndDate/{dppId}', `/v1/dppsByIdAndDate/${dpp}?date=2099-01-01T00:00:00Z`],
    ['get', '/v1/dppsByIdAndDate/{dppId}', `/v1/dppsByIdAndDate/${dpp}?date=2001-01-01T00:00:00Z`],
    ['get', '/v1/dppsByIdAndDate/{dppId}', `/v1/dppsByIdAndDate/${dpp}?date=yesterday`],
    [
      'post',
      '/v1/dppsByProductIds',
      '/v1/dppsByProductIds',
      { productIds: [`zq${markers.get('uniqueBatteryIdentifier')}`] },
    ],
    ['post', '/v1/dppsByProductIds', '/v1/dppsByProductIds', { productIds: [5] }],
    ['get', '/v1/dpps/{dppId}/elements/{elementIdPath}', `/v1/dpps/${dpp}/elements/${mass}`],
    ['get', '/v1/dpps/{dppId}/elements/{elementIdPath}', `/v1/dpps/${dpp}/elements/${mass}?representation=full`],
    ['get', '/v1/dpps/{dppId}/elements/{elementIdPath}', `/v1/dpps/${dpp}/elements/%24..x`],
    ['patch', '/v1/dpps/{dppId}/elements/{elementIdPath}', `/v1/dpps/${dpp}/elements/${mass}`, '12.5'],
    ['patch', '/v1/dpps/{dppId}/elements/{elementIdPath}', `/v1/dpps/${dpp}/elements/${mass}`, '"heavy"'],
    ['patch', '/v1/dpps/{dppId}', `/v1/dpps/${dpp}`, { identity: { batteryMass: 13 } }, patch],
    ['patch', '/v1/dpps/{dppId}', `/v1/dpps/${dpp}`, { granularity: 'Model' }, patch],
    ['post', '/v1/dpps', '/v1/dpps', draft],
    ['post', '/v1/dpps', '/v1/dpps', { nothing: {} }],
    ['delete', '/v1/dpps/{dppId}', `/v1/dpps/${dpp}`],
  ]
  const statuses = new Map<number, number>()
  for (const who of [owner, undefined])
    for (const [method, path, url, body, type = 'application/json'] of asked) {
      const answer = await of.p.http.inject({
        method: method.toUpperCase() as 'GET',
        url,
        headers: { ...(who && of.p.signedIn(who)), ...(body !== undefined && { 'content-type': type }) },
        ...(body !== undefined && { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
      })
      const { responses } = document.paths[path][method] as Json
      const what = `${method} ${url} for ${who ? 'its owner' : 'nobody'}: ${answer.statusCode} ${answer.body.slice(0, 500)}`
      assert.ok(responses[answer.statusCode], `${what} is not described`)
      const schemas = Object.fromEntries(
        Object.entries<Json>(responses).map(([status, { content }]) => [
          status,
          { description: '', ...(content && { schema: content['application/json'].schema }) },
        ]),
      )
      const validator = new Validator({ responses: schemas, components: document.components })
      const fault = validator.validateResponse(answer.statusCode, answer.body ? answer.json() : undefined)
      assert.equal(fault, undefined, `${what} ${JSON.stringify(fault)}`)
      statuses.set(answer.statusCode, (statuses.get(answer.statusCode) ?? 0) + 1)
    }
  return [...statuses]
    .sort()
    .map(([status, count]) => `${count} × ${status}`)
    .join(', ')
})
