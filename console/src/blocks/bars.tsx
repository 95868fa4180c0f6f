import { useTexts } from '../texts/texts.tsx'
import { Link, useFollow } from './link.tsx'
import { Short } from './short.tsx'

export interface Series {
  readonly name: string
  readonly values: readonly (number | null)[]
}

const [width, height, foot] = [720, 220, 24]

/** Bars by time, one on the other where there are several of a time; the same stands as a table below. */
export function Bars(props: {
  name: string
  buckets: readonly string[]
  series: readonly Series[]
  /** How an instant and a value are told. */
  when: (bucket: string) => string
  tell: (value: number) => string
  /** To the rows that the bars of a time are made of. */
  leads?: (at: number) => string
}) {
  const { name, buckets, series, when, tell, leads } = props
  const texts = useTexts()
  const follow = useFollow()
  const sums = buckets.map((_, at) => series.reduce((sum, { values }) => sum + Math.max(0, values[at] ?? 0), 0))
  const most = Math.max(...sums, 0)
  const step = width / Math.max(1, buckets.length)
  const scale = (height - foot - 14) / (most || 1)
  const every = Math.ceil(buckets.length / 8)
  return (
    <figure className="bars">
      <svg viewBox={`0 0 ${width} ${height}`} role="img" aria-label={`${name}: ${tell(0)}–${tell(most)}`}>
        <text x="0" y="10">
          {tell(most)}
        </text>
        <line x1="0" x2={width} y1={height - foot} y2={height - foot} />
        {buckets.map((bucket, at) => (
          // The table below leads to the same by keyboard.
          <g key={bucket} onClick={leads && (() => follow(leads(at)))} className={leads && 'leads'}>
            {stacked(series, at).map(({ index, from, value }) => (
              <rect
                key={index}
                data-series={index % 6}
                x={at * step + step * 0.1}
                width={Math.max(1, step * 0.8)}
                y={height - foot - (from + value) * scale}
                height={value * scale}
              >
                <title>{`${when(bucket)}, ${series[index]!.name}: ${tell(value)}`}</title>
              </rect>
            ))}
            {at % every === 0 && (
              <text x={at * step + step * 0.1} y={height - 6}>
                {when(bucket)}
              </text>
            )}
          </g>
        ))}
      </svg>
      {series.length > 1 && (
        <ul className="legend">
          {series.map((each, index) => (
            <li key={each.name} data-series={index % 6}>
              {each.name}
            </li>
          ))}
        </ul>
      )}
      <details>
        <summary>{texts.list.asTable}</summary>
        <Short
          name={texts.list.asTable}
          rows={buckets.map((bucket, at) => ({ bucket, at }))}
          columns={[
            { id: 'at', cell: ({ bucket, at }) => (leads ? <Link to={leads(at)}>{when(bucket)}</Link> : when(bucket)) },
            ...series.map(each => ({
              id: each.name,
              name: each.name,
              cell: ({ at }: { at: number }) => {
                const value = each.values[at]
                return value === null || value === undefined ? '–' : tell(value)
              },
            })),
          ]}
        />
      </details>
    </figure>
  )
}

/** Each series at a time, from where the one below it ends. */
function stacked(series: readonly Series[], at: number) {
  let from = 0
  return series.map(({ values }, index) => {
    const value = Math.max(0, values[at] ?? 0)
    const part = { index, from, value }
    from += value
    return part
  })
}
