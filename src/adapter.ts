import type * as z from 'zod'
import type { AgreementsPort } from './agreements/port.ts'
import type { AccountPort } from './connections/port.ts'
import type { CrmPort } from './crm/port.ts'
import type { ListingsPort } from './listings/port.ts'
import type { MeteringPort } from './metering/port.ts'
import type { NoticesPort } from './notices/port.ts'
import type { OffersPort } from './offers/port.ts'
import type { Fetch } from './platform/http.ts'
import type { RevenuePort } from './revenue/port.ts'

/** Everything a provider may be able to do. A port that is absent is a thing it cannot do. */
export type Ports = {
  account: AccountPort
  listings: ListingsPort
  offers: OffersPort
  agreements: AgreementsPort
  metering: MeteringPort
  revenue: RevenuePort
  crm: CrmPort
  notices: NoticesPort
}
export type PortName = keyof Ports

/**
 * What an adapter must remember of its account and keep secret, such as a credential that renews itself. It is sealed,
 * outlives the process, and is null before the first and once the account's credentials were replaced.
 */
export type Keep = { read(): Promise<unknown>; write(value: unknown): Promise<void> }

/** What an adapter may use of the world besides the network. Without `keep` what it remembers ends with the process. */
export type World = {
  readonly fetch: Fetch
  readonly nowMs: () => number
  readonly keep?: Keep | undefined
}

export type Adapter = {
  readonly provider: string
  /** How the provider is called in prose. */
  readonly title: string
  /** What an operator tells us about the account; shown back. */
  readonly settings: z.ZodType
  /** What an operator entrusts to us; sealed, never shown. */
  readonly credentials: z.ZodType
  /** A filled-in form, for the documents. */
  readonly example: { readonly settings: unknown; readonly credentials: unknown }
  readonly supports: readonly PortName[]
  /** Parses both and opens the ports. Calls nobody yet. */
  open(account: { settings: unknown; credentials: unknown }, world: World): Partial<Ports>
}

type Spec<Settings, Credentials, Client> = {
  provider: string
  title: string
  settings: z.ZodType<Settings>
  credentials: z.ZodType<Credentials>
  example: { settings: z.input<z.ZodType<Settings>>; credentials: z.input<z.ZodType<Credentials>> }
  client: (account: { settings: Settings; credentials: Credentials }, world: World) => Client
  /** One function per port. Listing a port here is the declaration that it is supported. */
  ports: { [Name in PortName]?: (client: Client) => Ports[Name] }
}

/** Declares a provider; it reads as a table of contents. */
export function adapter<Settings, Credentials, Client>(
  spec: Spec<Settings, Credentials, Client>,
): Adapter {
  const { provider, title, settings, credentials, example, client, ports } = spec
  return {
    provider,
    title,
    settings,
    credentials,
    example,
    supports: Object.keys(ports) as PortName[],
    open(account, world) {
      const parsed = {
        settings: settings.parse(account.settings),
        credentials: credentials.parse(account.credentials),
      }
      const opened = client(parsed, world)
      return Object.fromEntries(Object.entries(ports).map(([name, make]) => [name, make(opened)]))
    },
  }
}
