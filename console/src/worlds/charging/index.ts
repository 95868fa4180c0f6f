import { screensOf, type ScreenOf, type World } from '../../shell/world.ts'

const staff = ['operator', 'admin']
const field = [...staff, 'technician']
const stations = screensOf(() => import('./stations.tsx'))
const chargers = screensOf(() => import('./chargers.tsx'))
const lists = screensOf(() => import('./lists.tsx'))
const wire = screensOf(() => import('./wire.tsx'))
const tickets = screensOf(() => import('./tickets.tsx'))
const incidents = screensOf(() => import('./incidents.tsx'))
const forms = screensOf(() => import('./ticket-forms.tsx'))
const books = screensOf(() => import('./books.tsx'))
const tariffs = screensOf(() => import('./tariffs.tsx'))
const bookings = screensOf(() => import('./bookings.tsx'))
const sites = screensOf(() => import('./sites.tsx'))
const technicians = screensOf(() => import('./technicians.tsx'))
const firmware = screensOf(() => import('./firmware.tsx'))
const sessions = screensOf(() => import('./sessions.tsx'))

/** Only where the platform is tried out. */
const simulator: ScreenOf[] =
  document.documentElement.dataset.mode === 'evaluation'
    ? [{ path: '/simulator', name: t => t.charging.simulator, roles: staff, load: () => import('./simulator.tsx') }]
    : []

export const charging: World = {
  id: 'charging',
  screens: [
    { path: '/stations', name: t => t.charging.stations, roles: staff, load: stations('Stations') },
    { path: '/map', name: t => t.charging.map, roles: field, load: () => import('./map.tsx') },
    { path: '/stations/new', load: stations('NewStation') },
    { path: '/stations/$id', load: stations('Station') },
    { path: '/stations/$id/edit', load: stations('EditStation') },
    { path: '/sites', name: t => t.charging.sites, of: '/api/stations/sites', load: sites('Sites') },
    { path: '/sites/new', load: sites('NewSite') },
    { path: '/sites/$id', load: sites('Site') },
    { path: '/sites/$id/edit', load: sites('EditSite') },
    { path: '/chargers', name: t => t.charging.chargers, of: '/api/ocpp/chargers', load: chargers('Chargers') },
    { path: '/chargers/$id', load: chargers('Charger') },
    { path: '/chargers/$id/wire', load: wire('ChargerWire') },
    { path: '/chargers/$id/wire/$message', load: wire('WireMessage') },
    { path: '/wire', name: t => t.charging.wire, of: '/api/ocpp/chargers', load: wire('Wire') },
    {
      path: '/firmware',
      name: t => t.charging.firmware,
      of: '/api/ocpp/firmware-campaigns',
      load: firmware('Campaigns'),
    },
    { path: '/firmware/new', load: firmware('NewCampaign') },
    { path: '/firmware/$id', load: firmware('Campaign') },
    ...simulator,
    { path: '/sessions', name: t => t.charging.sessions, of: '/api/sessions', load: sessions('Sessions') },
    { path: '/sessions/$id', load: sessions('Session') },
    { path: '/tariffs', name: t => t.charging.tariffs, of: '/api/billing/tariffs', load: tariffs('Tariffs') },
    { path: '/tariffs/new', load: tariffs('NewTariff') },
    { path: '/tariffs/$id', load: tariffs('Tariff') },
    { path: '/tariffs/$id/edit', load: tariffs('EditTariff') },
    { path: '/tokens', name: t => t.charging.tokens, of: '/api/ocpp/tokens', load: lists('Tokens') },
    { path: '/tokens/new', load: lists('NewToken') },
    { path: '/tokens/$id/edit', load: lists('EditToken') },
    { path: '/bookings', name: t => t.charging.bookings, roles: staff, load: bookings('Bookings') },
    { path: '/bookings/week', load: bookings('BookingWeek') },
    { path: '/bookings/$id', load: bookings('Booking') },
    { path: '/incidents', name: t => t.charging.incidents, roles: field, load: incidents('Incidents') },
    { path: '/incidents/$id', load: incidents('Incident') },
    { path: '/tickets', name: t => t.charging.tickets, of: '/api/maintenance/tickets', load: tickets('Tickets') },
    { path: '/tickets/new', load: forms('NewTicket') },
    { path: '/tickets/levels', load: forms('Levels') },
    { path: '/tickets/$id', load: tickets('Ticket') },
    {
      path: '/technicians',
      name: t => t.charging.technicians,
      of: '/api/maintenance/technicians',
      load: technicians('Technicians'),
    },
    { path: '/technicians/new', load: technicians('NewTechnician') },
    { path: '/technicians/$id', load: technicians('Technician') },
    { path: '/technicians/$id/edit', load: technicians('EditTechnician') },
    { path: '/sold', name: t => t.charging.sold, of: '/api/billing/sales', load: lists('Sold') },
    { path: '/credits', name: t => t.charging.credits, of: '/api/billing/credits', load: lists('Credits') },
    { path: '/invoices', name: t => t.charging.invoices, of: '/api/billing/invoices', load: lists('Invoices') },
    { path: '/invoices/$id', load: lists('Invoice') },
    { path: '/wallet', name: t => t.books.wallet, load: () => import('./wallet.tsx') },
    { path: '/books', name: t => t.books.title, of: '/api/billing/ledger', load: books('Books') },
    { path: '/accounts', name: t => t.books.accounts, of: '/api/billing/ledger/accounts', load: books('Accounts') },
    { path: '/kept', name: t => t.books.kept, of: '/api/billing/wallets/kept', load: books('Kept') },
    { path: '/figures', name: t => t.charging.figures, roles: staff, load: () => import('./figures.tsx') },
  ],
}
