/** A car at a plug: how much it takes, by its state of charge and how cold it is. */
export interface Car {
  readonly model: string
  readonly capacityWh: number
  /** What its charger on board takes from alternating current, in watts. */
  readonly acPowerW: number
  /** What its battery takes at the best. */
  readonly dcPowerW: number
  /** 0 to 1 */
  soc: number
  readonly targetSoc: number
  /** Of its battery, in °C; it warms as it charges. */
  temperature: number
}

const models = [
  { model: 'City', capacityWh: 40_000, acPowerW: 7_400, dcPowerW: 50_000 },
  { model: 'Compact', capacityWh: 58_000, acPowerW: 11_000, dcPowerW: 120_000 },
  { model: 'Touring', capacityWh: 77_000, acPowerW: 11_000, dcPowerW: 170_000 },
  { model: 'Van', capacityWh: 100_000, acPowerW: 22_000, dcPowerW: 150_000 },
] as const

/** A car as it comes by chance; `random` gives 0 to 1. */
export function arrivingCar(random: () => number, outsideCelsius: number): Car {
  const model = models[Math.floor(random() * models.length)]!
  const soc = 0.08 + random() * 0.55
  return { ...model, soc, targetSoc: Math.min(1, soc + 0.2 + random() * 0.6), temperature: outsideCelsius + 5 }
}

/**
 * Watts that it takes now: full power up to 60 %, falling to a fifth at 95 % and to nothing at 100 %; a battery below
 * 15 °C takes less, one below 0 °C a quarter.
 */
export function powerOf(car: Car, plug: { readonly current: 'AC' | 'DC'; readonly maxPowerW: number }): number {
  const most = Math.min(plug.maxPowerW, plug.current === 'AC' ? car.acPowerW : car.dcPowerW)
  const bySoc =
    car.soc < 0.6 ? 1 : car.soc < 0.95 ? 1 - ((car.soc - 0.6) / 0.35) * 0.8 : Math.max(0, (1 - car.soc) / 0.05) * 0.2
  const byCold = Math.min(1, Math.max(0.25, 0.25 + (car.temperature / 15) * 0.75))
  // What goes through the charger on board is little to a battery: only its end shows.
  return plug.current === 'AC' ? most * Math.min(1, bySoc * 2) : most * bySoc * byCold
}

/** Charges for so long; answers the energy that went through the meter, a tenth of which is lost. */
export function charge(
  car: Car,
  plug: { readonly current: 'AC' | 'DC'; readonly maxPowerW: number },
  seconds: number,
): number {
  const energyWh = (powerOf(car, plug) * seconds) / 3_600
  car.soc = Math.min(1, car.soc + (energyWh * 0.9) / car.capacityWh)
  car.temperature += (energyWh / car.capacityWh) * 25
  return energyWh
}
