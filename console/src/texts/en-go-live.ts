/** What the list before going live says; it comes with its screen. */
export const goLive = {
  about:
    'What there should be before others rely on this platform. Each line is asked where it is so; “ohmnibus doctor” looks at the engines behind it, too.',
  steps: {
    production: { name: 'It is run in earnest', how: 'Set DATABASE_URL: with a database of its own it is.' },
    https: {
      name: 'It is reached over HTTPS',
      how: 'Set TLS_CERT_FILE and TLS_KEY_FILE, or PUBLIC_URL to the https address of what stands before it.',
    },
    payments: {
      name: 'Money moves where somebody pays',
      how: 'Set STRIPE_SECRET_KEY with STRIPE_WEBHOOK_SECRET, or RAZORPAY_KEY_ID with its secrets: keys that are not for trying out.',
    },
    seller: { name: 'Invoices say who sells', how: 'Say it at the API: PUT /api/billing/seller.' },
    terms: { name: 'There are terms', how: 'Publish a version of them.' },
    taxes: { name: 'There are rates of tax', how: 'Make a tax class with the rates of your countries.' },
    admins: {
      name: 'Two admins at least',
      how: 'What takes a second person, as a payout above the limit, waits until there is one: give another the role.',
    },
    health: { name: 'Every part answers', how: 'See which does not.' },
  },
}
