import type { View } from '../../services/ocpp/simulator/charger.ts'

const sum = (values: readonly number[]): number => values.reduce((all, one) => all + one, 0)

/** All of them in a line, and as many as fit by themselves. */
export function tableOf(views: readonly View[], seconds: number, rows: number): string {
  const online = views.filter(({ state }) => state === 'online').length
  const plugs = views.flatMap(view => view.plugs)
  const lines = [
    `${online} of ${views.length} online · ${plugs.filter(({ state }) => state === 'charging').length} charging · ` +
      `${(sum(plugs.map(({ powerW }) => powerW)) / 1000).toFixed(0)} kW · ${sum(views.map(({ sessions }) => sessions))} sessions · ` +
      `${(sum(views.map(({ energyWh }) => energyWh)) / 1000).toFixed(1)} kWh · ` +
      `${(sum(views.map(({ messages }) => messages)) / Math.max(1, seconds)).toFixed(1)} messages/s · ` +
      `${sum(views.map(({ refused }) => refused))} refused`,
  ]
  for (const { id, version, state, plugs: of } of views.slice(0, Math.max(0, rows)))
    lines.push(
      `${id.padEnd(14)} ${version.padEnd(10)} ${state.padEnd(10)} ` +
        of
          .map(plug =>
            plug.state === 'charging'
              ? `${(plug.powerW / 1000).toFixed(1)} kW ${Math.round(plug.soc * 100)} % ${(plug.sessionWh / 1000).toFixed(1)} kWh`
              : plug.state,
          )
          .join(' | '),
    )
  return `${lines.join('\n')}\n`
}
