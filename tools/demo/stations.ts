/** Asks the platform, as the seed does. */
type Client = (method: 'GET' | 'POST' | 'PUT', path: string, body?: object, token?: string) => Promise<any>

/** Where the simulated chargers stand, in their order: every third is a fast one with two points. */
const places = [
  ['Haidplatz car park', 'Haidplatz 4', '93047', 'Regensburg', 49.019, 12.094],
  ['Donaumarkt', 'Donaumarkt 1', '93047', 'Regensburg', 49.0195, 12.1027],
  ['A3 service area, eastbound', 'Rastanlage 2', '93083', 'Obertraubling', 48.975, 12.165],
  ['Town hall', 'Marienplatz 8', '80331', 'Munich', 48.1374, 11.5755],
  ['East station', 'Orleansplatz 11', '81667', 'Munich', 48.1272, 11.6053],
  ['Charging park north', 'Ingolstädter Straße 172', '80939', 'Munich', 48.199, 11.584],
  ['Main station, south side', 'Südstadt 3', '90443', 'Nuremberg', 49.4449, 11.0824],
  ['Castle', 'Burgstraße 17', '90403', 'Nuremberg', 49.457, 11.0757],
  ['Fair', 'Messezentrum 1', '90471', 'Nuremberg', 49.417, 11.1166],
  ['Cathedral square', 'Domplatz 2', '94032', 'Passau', 48.5746, 13.4655],
  ['Old bridge', 'Fritz-Schäffer-Promenade 5', '94032', 'Passau', 48.5757, 13.4609],
  ['A92 junction', 'Otto-Hahn-Straße 30', '84030', 'Landshut', 48.5667, 12.1819],
] as const

/** Public stations with addresses and prices for the chargers `DEMO-001` and on, before these connect. */
export async function seedStations(client: Client, token: string, prices: boolean): Promise<void> {
  const fast: string[] = []
  for (const [index, [name, street, postalCode, city, latitude, longitude]] of places.entries()) {
    const isFast = index % 3 === 2
    const [standard, powerType, maxPowerW] = isFast
      ? ['IEC_62196_T2_COMBO', 'DC', 150_000]
      : ['IEC_62196_T2', 'AC_3_PHASE', 22_000]
    const format = isFast ? 'CABLE' : 'SOCKET'
    const { id } = await client(
      'POST',
      '/api/stations',
      {
        name,
        chargerId: `DEMO-${String(index + 1).padStart(3, '0')}`,
        address: { street, postalCode, city, country: 'DEU' },
        coordinates: { latitude, longitude },
        timeZone: 'Europe/Berlin',
        openingTimes: { twentyFourSeven: true },
        operatorName: 'Demo Charging',
        public: true,
        evses: (isFast ? [1, 2] : [1]).map(evse => ({
          evse,
          evseId: `DE*DEM*E${index + 1}*${evse}`,
          connectors: [{ connector: 1, standard, format, powerType, maxPowerW }],
        })),
      },
      token,
    )
    if (isFast) fast.push(id)
  }
  if (!prices) return
  const euros = (elements: object[]) => ({ currency: 'EUR', taxIncluded: true, elements })
  await client(
    'POST',
    '/api/billing/tariffs',
    {
      name: 'Day and night',
      terms: euros([
        {
          priceComponents: [{ type: 'ENERGY', price: '0.39' }],
          restrictions: { startTime: '22:00', endTime: '06:00' },
        },
        {
          priceComponents: [
            { type: 'ENERGY', price: '0.49' },
            { type: 'PARKING_TIME', price: '6.00', graceSeconds: 1800 },
          ],
        },
      ]),
      uses: [{}],
    },
    token,
  )
  await client(
    'POST',
    '/api/billing/tariffs',
    {
      name: 'Fast',
      terms: euros([{ priceComponents: [{ type: 'ENERGY', price: '0.59' }] }]),
      uses: fast.map(stationId => ({ stationId })),
    },
    token,
  )
}
