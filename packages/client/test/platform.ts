import type { TestContext } from 'node:test'
import { getCode, SendOtp } from '../../../contracts/identity.ts'
import { defineService, type Host } from '../../../kernel/index.ts'
import { start } from '../../../kernel/testing.ts'
import { choose } from '../../../services/all.ts'

/** The platform as it runs, with passports and what tells of them, its admin, and Ada, who has an account. */
export async function openPlatform(t: TestContext, environment: Record<string, string> = {}, more: string[] = []) {
  let host!: Host<string, typeof getCode>
  const mailroom = defineService({
    name: 'mailroom',
    folder: 'nowhere',
    needs: [getCode],
    start: own => void (host = own),
  })
  const services = await choose(['identity', 'documents', 'notifications', 'passports', ...more])
  const p = await start(t, [...services, mailroom], { environment })
  const url = await p.listen()
  const { value } = p.platform.announcements.find(({ label }) => label === 'First admin')!
  const [email, password] = value.split(' / ') as [string, string]

  const post = async (path: string, body: object): Promise<any> =>
    (
      await fetch(url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
    ).json()
  /** Somebody who has come on board. */
  const person = async (name: string) => {
    const who = { email: `${name.split(' ')[0]!.toLowerCase()}@example.com`, password: 'quiet trains at dawn' }
    await post('/api/auth/register', { ...who, name })
    const { codeId } = (await p.published(SendOtp)).at(-1)!
    const { code } = await host.ask(getCode, { codeId })
    const { user } = await post('/api/auth/verify-otp', { ...who, otp: code })
    return { ...who, id: user.id as string }
  }
  return { ...p, url, admin: { email, password }, ada: await person('Ada Lovelace'), person }
}

export const passport = (identifier: string) => ({
  generalInformation: {
    batteryIdentifier: identifier,
    batteryModel: { id: 'LM3-BAT-2024', modelName: 'GMC WZX1' },
    batteryMass: 450,
    batteryCategory: 'EV' as const,
    manufacturingDate: '2024-01-15',
  },
  materialComposition: { batteryChemistry: 'LiFePO4', criticalRawMaterials: ['Lithium', 'Iron'] },
  carbonFootprint: { totalCarbonFootprint: 850, measurementUnit: 'kg CO2e' },
})
