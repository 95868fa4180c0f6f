// Runs the built client under the Node that runs this, and writes what it saw.
import * as client from '../dist/index.js'
import { exercise } from './exercise.js'

const given = JSON.parse(process.env.GIVEN)
const data = name => ({
  ...given.data,
  generalInformation: { ...given.data.generalInformation, batteryIdentifier: `N20-${name}` },
})
console.log(JSON.stringify({ node: process.version, ...(await exercise(client, { ...given, data })) }))
