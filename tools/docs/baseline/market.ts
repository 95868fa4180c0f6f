import { row } from './row.ts'

const gateway = 'services/gateway/service.test.ts'
const catalogue = 'services/marketplace/service.test.ts'
const search = 'services/marketplace/search/search.test.ts'
const reviews = 'services/marketplace/reviews/reviews.test.ts'
const buying = 'test/shop/buying.test.ts'
const orders = 'test/shop/orders.test.ts'
const paying = 'test/shop/paying.test.ts'
const webhooks = 'money/payments/webhooks.test.ts'
const vendors = 'services/vendors/service.test.ts'
const content = 'services/content/content.test.ts'

/** A marketplace of many vendors. */
export const market = [
  row('M1', 'one entry for all', 'GET /docs, /health', {
    [gateway]: [
      'what a service in another process serves is served here, with who asks, and nothing that only processes say',
      'where one process does not answer, another one is asked: reads always, changes when nothing has been sent',
      'each address has so many requests a minute, and is told how many are left',
    ],
    'services/gateway/bad-will.test.ts': [
      'header smuggling: what hides in a body, behind two lengths or in a header, is never a request of its own',
      'half open: an address that cuts off is left alone while others answer, and asked again once it works',
      'beside a process of an old version, what only the new one serves is asked of that alone',
      '10,000 idle WebSockets through it: each is heard, others are answered meanwhile, and none is left over (500 unless OHMNIBUS_IDLE_SOCKETS says more)',
    ],
    'test/processes/processes.test.ts': [
      'with each service in a process of its own, health and reference at the gateway tell of all that is behind it',
    ],
    'test/processes/three-machines.test.ts': [
      'of three machines behind one gateway one dies: no read fails, what was cut off is told and happens once, and who listened goes on',
    ],
  }),
  row('M2', 'products, listed and found', 'GET /api/marketplace/products, /api/marketplace/suggestions', {
    [search]: [
      'products are found by words of either language, misspelt ones too, and by synonyms',
      'lists are narrowed down by category, price, stars, tags and attributes, and count what is left of each',
    ],
  }),
  row('M3', 'a product', 'GET /api/marketplace/products/:id', {
    [catalogue]: ['a name in an address stays, a new one redirects, and nobody takes that of another'],
  }),
  row(
    'M4',
    'what vendors sell',
    'POST /api/marketplace/products, PUT /api/marketplace/products/:id, DELETE /api/marketplace/products/:id',
    {
      [catalogue]: [
        'a product is pending until an admin approves it, and then everybody sees it',
        'status, vendor, rating and the products of others cannot be assigned by who sells',
      ],
    },
  ),
  row(
    'M5',
    'categories',
    `GET /api/marketplace/categories, POST /api/marketplace/categories, PUT
      /api/marketplace/categories/:id, DELETE /api/marketplace/categories/:id`,
    {
      [search]: ['categories form a tree without circles, and what products are found by moves along'],
    },
  ),
  row('M6', 'reviews', 'GET /api/marketplace/products/:id/reviews, POST /api/marketplace/products/:id/reviews', {
    [reviews]: ['who has received a product reviews it, once, and takes it back'],
  }),
  row(
    'M7',
    'the cart',
    'GET /api/cart, POST /api/cart/items, PUT /api/cart/items/:id, DELETE /api/cart/items/:id, DELETE /api/cart',
    {
      [buying]: [
        'one’s cart is one on two devices, and what a browser had joins it at the sign-in, once',
        'carts that nobody touched for seven days are gone',
      ],
      [orders]: ['takes the price the buyer was told, or says which changed'],
    },
  ),
  row('M8', 'orders', 'POST /api/orders, GET /api/orders, /api/orders/:id, POST /api/orders/guest', {
    [orders]: [
      'is placed from the cart, paid once whoever tells of it first, sent, and complete when it arrived',
      'is read by its buyer, its vendors and admins, by id and by number, and by nobody else',
    ],
  }),
  row('M9', 'paying', 'POST /api/orders/:id/payment, /api/orders/:id/payment/confirm', {
    [paying]: ['that fails is told, may be tried again, and then succeeds'],
    'test/shop/razorpay.test.ts': [
      'an order of Razorpay is paid by the signature of its checkout or by the webhook, whichever comes first, once',
    ],
  }),
  row('M10', 'cancelling and giving back', 'POST /api/orders/:id/cancel, /api/orders/:id/refund', {
    [orders]: [
      'is cancelled by its buyer before it is sent: pieces and money go back',
      'is given back in part, by vendor part and as a whole, and never more than was paid',
    ],
  }),
  row('M11', 'webhooks', 'POST /api/orders/webhooks/:provider', {
    [paying]: ['webhooks that are forged, stale or of another secret change nothing, and are not believed'],
  }),
  row('M12', 'never more sold than there is', '', {
    [orders]: [
      'twenty payers on five pieces always end in five sold, a hundred times, on one process and on two',
      'that nobody pays ends by itself: its pieces can be bought again, and who pays too late has it back',
    ],
    'test/fault/orders.test.ts': [
      'killed with everything it has while somebody orders and pays, the shop has each order once, paid, and each piece',
    ],
    'test/processes/oversell.test.ts': [
      'twenty buyers on five pieces always end in five sold, on two processes of each service, over Kafka and Redis',
    ],
  }),
  row(
    'M13',
    'webhooks twice, late, lost, of another amount',
    'GET /api/orders/webhooks/dead, POST /api/orders/webhooks/dead/:id/replay',
    {
      [webhooks]: [
        '${wire}: an event that comes three times has its effect once',
        '${wire}: events that come in reverse end the same',
        '${wire}: another amount or currency than ours has no effect, and waits for an admin',
        '${wire}: where no webhook comes the sweeper finds out, and cancels what nobody pays',
        '${wire}: admins list dead events and have them worked again',
      ],
    },
  ),
  row('M14', 'doubles of Stripe and Razorpay', '', {
    'money/payments/pages.test.ts': [
      'without a provider one pays with play money on a page without script, and comes back with it paid',
    ],
    'money/payments/races.test.ts': ['${wire}: where a request ${fault}, it is done once all the same'],
  }),
  row(
    'M15',
    'an order of several vendors, commission, licences',
    'GET /api/orders/:id/goods, POST /api/orders/keys/:variantId, GET /api/orders/downloads/:link',
    {
      [paying]: ['a split order with a partial refund: each vendor sends, cancels and gives back their own part'],
      [orders]: [
        'is frozen on each line when an order is placed, by the nearest rule, and never more than the line is worth',
      ],
      [buying]: ['is given once under any concurrency, and who paid before there was one gets it when it comes'],
    },
  ),
  row(
    'M16',
    'users',
    `GET /api/users/profile, PUT /api/users/profile, GET /api/users/dashboard, /api/users/wishlist, POST
      /api/users/wishlist, DELETE /api/users/wishlist/:id, GET /api/users/subscriptions, POST
      /api/users/subscriptions, DELETE /api/users/subscriptions/:id, GET /api/users/purchases,
      /api/users/export`,
    {
      'services/users/service.test.ts': [
        'who registers has a profile, changes what is theirs to change, and nothing that is of their account',
        'who wishes for something hears once that it is cheaper, there again, or gone, by the clock too',
        'what one ordered is in the history with what became of it, in whatever order that is told',
      ],
      'services/users/subscriptions/subscriptions.test.ts': [
        'a card that fails is tried again on days 1, 3, 5 and 7, and then the subscription is over',
      ],
      'test/personal.test.ts': ['whoever asks for all that the platform keeps of them gets every row that names them'],
    },
  ),
  row(
    'M17',
    'vendors',
    `GET /api/vendors/profile, PUT /api/vendors/profile, GET /api/vendors/products, POST
      /api/vendors/products, PUT /api/vendors/products/:id, DELETE /api/vendors/products/:id, GET
      /api/vendors/analytics, /api/vendors/earnings, POST /api/vendors/payouts`,
    {
      [vendors]: ['who wants to sell sees what is missing, hands it in, and is let in or told why not'],
      'services/vendors/payouts/payouts.test.ts': [
        'payout above what is settled, by ten at once: no more leaves than is there',
        'refund after payout: what is available falls below zero, and what is sold next fills it first',
      ],
      'services/vendors/statements/statements.test.ts': [
        'a statement begins where the month before ended, and its entries add up to what it ends with',
      ],
      'test/journeys/first-payout.test.ts': ['a vendor from registration to first payout, ${site}'],
      'test/journeys/suspended.test.ts': [
        'a vendor suspended with open orders: nothing more is sold, what was ordered is sent, paid for and given back',
      ],
    },
  ),
  row(
    'M18',
    'content',
    `GET /api/content/blog, /api/content/blog/:slug, POST /api/content/blog, PUT /api/content/blog/:slug,
      DELETE /api/content/blog/:slug, GET /api/content/help, /api/content/help/:slug,
      /api/content/tutorials/:slug, /api/content/jobs, /api/content/jobs/:slug, POST
      /api/content/jobs/:slug/apply, GET /blog, /help, /tutorials, /jobs, /shop, /shop/sitemap.xml,
      /robots.txt`,
    {
      [content]: [
        'a post goes from draft to readers, is changed, found, withdrawn and deleted',
        'script in Markdown, in titles, in links and in pictures is text',
        'an article scheduled over a change of clocks comes at its instant',
        'a job goes from posting to application, whose file goes to documents and in time away',
        'pages say how they are found, are the same for everybody and are not sent twice',
      ],
      'test/journeys/post.test.ts': [
        'a post from draft to feed: previewed, published at its time, found, corrected, and withdrawn from everywhere',
      ],
      'test/journeys/job.test.ts': [
        'a job from posting to application: with a file, a virus test file, one of 100 MB and one of 0 bytes',
      ],
    },
  ),
  row(
    'M19',
    'administration',
    `GET /api/admin/dashboard, /api/admin/users, /api/admin/users/:id, PUT /api/admin/users/:id, DELETE
      /api/admin/users/:id, GET /api/admin/vendors, POST /api/admin/vendors/:id/approve,
      /api/admin/vendors/:id/reject, GET /api/admin/products, POST /api/admin/products/:id/approve,
      /api/admin/products/:id/reject, GET /api/admin/settings, /api/admin/audit, /api/admin/dead-letters,
      POST /api/admin/dead-letters/replay, GET /api/admin/events`,
    {
      'services/admin/service.test.ts': [
        'has what admins do in other services, once, and what others do not',
        'leaves as JSON lines that prove the chain, and as CSV',
      ],
      'services/admin/approvals.test.ts': ['approval by the one who asked is refused, whatever way they come'],
      'services/admin/operations.test.ts': ['is looked through by topic, key, service, time and trace, page by page'],
      'test/journeys/admins-morning.test.ts': [
        "an admin's morning ${site}: a look at all worlds, the queues, a person who wants to go, a setting, and the book of it all",
      ],
    },
  ),
]
