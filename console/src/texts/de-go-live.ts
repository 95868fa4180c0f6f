import type { goLive as english } from './en-go-live.ts'

/** What the list before going live says; it comes with its screen. */
export const goLive: typeof english = {
  about:
    'Was es geben soll, bevor sich andere auf diese Plattform verlassen. Jede Zeile wird dort gefragt, wo es so ist; „ohmnibus doctor“ sieht auch nach, was dahinter steht.',
  steps: {
    production: {
      name: 'Sie läuft im Ernst',
      how: 'Setzen Sie DATABASE_URL: Mit einer eigenen Datenbank tut sie es.',
    },
    https: {
      name: 'Sie ist über HTTPS erreichbar',
      how: 'Setzen Sie TLS_CERT_FILE und TLS_KEY_FILE, oder PUBLIC_URL auf die https-Adresse dessen, was davor steht.',
    },
    payments: {
      name: 'Wo jemand zahlt, fließt Geld',
      how: 'Setzen Sie STRIPE_SECRET_KEY mit STRIPE_WEBHOOK_SECRET oder RAZORPAY_KEY_ID mit den Geheimnissen dazu: Schlüssel, die nicht zum Ausprobieren sind.',
    },
    seller: { name: 'Rechnungen sagen, wer verkauft', how: 'Sagen Sie es an der API: PUT /api/billing/seller.' },
    terms: { name: 'Es gibt Bedingungen', how: 'Veröffentlichen Sie eine Fassung davon.' },
    taxes: { name: 'Es gibt Steuersätze', how: 'Legen Sie eine Steuerklasse mit den Sätzen Ihrer Länder an.' },
    admins: {
      name: 'Mindestens zwei Admins',
      how: 'Was eine zweite Person braucht, etwa eine Auszahlung über der Grenze, wartet, bis es sie gibt: Geben Sie noch jemandem die Rolle.',
    },
    health: { name: 'Jeder Teil antwortet', how: 'Sehen Sie nach, welcher nicht.' },
  },
}
