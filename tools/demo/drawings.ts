export type Motif = 'wallbox' | 'station' | 'software' | 'cable' | 'mount' | 'breaker' | 'tester' | 'storage' | 'module'

const bolt = (x: number, y: number, size: number, fill = '#fff') =>
  `<path transform="translate(${x} ${y}) scale(${size})" fill="${fill}" d="M6 0 0 11h5l-2 9 8-12H6z"/>`
const box = (x: number, y: number, width: number, height: number, fill: string, round = 24) =>
  `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="${round}" fill="${fill}"/>`
const socket = (x: number, y: number) =>
  `<circle cx="${x}" cy="${y}" r="46" fill="#14181d"/><circle cx="${x}" cy="${y}" r="34" fill="#2b323b"/>` +
  [
    [-14, -10],
    [14, -10],
    [-20, 12],
    [0, 16],
    [20, 12],
  ]
    .map(([a, b]) => `<circle cx="${x + a!}" cy="${y + b!}" r="5" fill="#9aa4b0"/>`)
    .join('')

const motifs: Record<Motif, (colour: string, index: number) => string> = {
  wallbox: colour =>
    box(270, 110, 260, 380, colour, 44) +
    box(300, 140, 200, 90, '#14181d', 16) +
    bolt(378, 150, 3.4) +
    socket(400, 350) +
    box(330, 452, 140, 8, '#ffffff55', 4),
  station: colour =>
    box(300, 60, 200, 470, colour, 28) +
    box(326, 96, 148, 110, '#14181d', 12) +
    bolt(374, 104, 4.4, '#7ee2a8') +
    socket(400, 290) +
    box(260, 520, 280, 26, '#3a4a5e', 8) +
    `<path d="M500 300c70 10 70 140 10 190" fill="none" stroke="#14181d" stroke-width="14"/>`,
  software: (colour, index) =>
    box(180, 120, 440, 290, '#14181d', 22) +
    box(200, 140, 400, 250, '#f7f9fb', 8) +
    [0, 1, 2, 3, 4]
      .map(n =>
        box(
          236 + n * 70,
          350 - (40 + ((n * 37 + index * 23) % 140)),
          44,
          40 + ((n * 37 + index * 23) % 140),
          colour,
          6,
        ),
      )
      .join('') +
    box(350, 410, 100, 60, '#3a4a5e', 0) +
    box(290, 466, 220, 18, '#3a4a5e', 9),
  cable: colour =>
    `<g fill="none" stroke="${colour}" stroke-width="26">${[0, 1, 2].map(n => `<ellipse cx="400" cy="${300 + n * 12}" rx="${180 - n * 26}" ry="${130 - n * 20}"/>`).join('')}</g>` +
    box(540, 210, 120, 62, '#14181d', 20) +
    box(640, 224, 46, 34, '#9aa4b0', 8),
  mount: colour =>
    box(376, 150, 48, 360, '#9aa4b0', 10) +
    box(310, 130, 180, 150, colour, 16) +
    box(280, 500, 240, 30, '#3a4a5e', 8) +
    [340, 460]
      .map(x => `<circle cx="${x}" cy="160" r="9" fill="#fff"/><circle cx="${x}" cy="250" r="9" fill="#fff"/>`)
      .join(''),
  breaker: (colour, index) =>
    box(270, 130, 260, 340, '#eef1f4', 14) +
    box(270, 130, 260, 56, '#c9d1da', 14) +
    box(270, 414, 260, 56, '#c9d1da', 14) +
    box(350, 230, 100, 130, '#14181d', 10) +
    box(366, index % 2 ? 244 : 296, 68, 50, colour, 8) +
    [310, 370, 430, 490]
      .map(x => `<circle cx="${x}" cy="158" r="13" fill="#6d7885"/><circle cx="${x}" cy="442" r="13" fill="#6d7885"/>`)
      .join(''),
  tester: colour =>
    box(300, 100, 200, 400, colour, 40) +
    box(324, 136, 152, 130, '#d8f3e2', 10) +
    `<path d="M336 220 366 190 392 226 420 166 462 206" fill="none" stroke="#2e7d5b" stroke-width="8"/>` +
    [0, 1, 2]
      .flatMap(r => [0, 1, 2].map(c => `<circle cx="${350 + c * 50}" cy="${320 + r * 50}" r="16" fill="#ffffffcc"/>`))
      .join(''),
  storage: (colour, index) =>
    box(270, 80, 260, 440, '#eef1f4', 30) +
    Array.from({ length: 2 + (index % 4) }, (_, n) => box(300, 440 - n * 70, 200, 54, colour, 10)).join('') +
    bolt(378, 100, 3.4, colour),
  module: (colour, index) =>
    box(200, 220, 400, 200, '#3a4a5e', 18) +
    Array.from({ length: 6 + (index % 3) }, (_, n) =>
      box(222 + n * (360 / (6 + (index % 3))), 244, 300 / (6 + (index % 3)), 152, colour, 6),
    ).join('') +
    box(250, 196, 60, 26, '#c2571a', 6) +
    box(490, 196, 60, 26, '#14181d', 6),
}

/** A product as we draw it: 800 by 600, on a ground that goes with light and dark. */
export const drawing = (motif: Motif, colour: string, index: number): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="800" height="600" viewBox="0 0 800 600">
<defs><linearGradient id="g" x2="0" y2="1"><stop stop-color="#fdfefe"/><stop offset="1" stop-color="#dfe6ee"/></linearGradient></defs>
<rect width="800" height="600" fill="url(#g)"/><ellipse cx="400" cy="548" rx="230" ry="18" fill="#00000018"/>
${motifs[motif](colour, index)}</svg>`
