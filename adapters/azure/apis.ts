import type { Settings } from './settings.ts'

export type Api = 'fulfilment' | 'metering' | 'ingestion' | 'partner' | 'insights'

type Description = {
  readonly title: string
  /** Query parameter that names the version, and the setting that holds it; the caller may send another. */
  readonly version: { readonly name: string; readonly of: keyof Settings['versions'] } | null
  /** What to do when the API accepts our token and yet refuses us. */
  readonly whenForbidden: string
}

const technicalConfiguration =
  'the tenant and application ID must be those of the offer’s technical configuration, as it was last published'
const manager =
  'add the application in Partner Center (Account settings, User management, Microsoft Entra applications) with the role Manager'

/** The APIs in use, as "Commercial marketplace" and "Partner Center" documents call them. */
export const apis: Readonly<Record<Api, Description>> = {
  fulfilment: {
    title: 'SaaS fulfilment',
    version: { name: 'api-version', of: 'fulfilment' },
    whenForbidden: technicalConfiguration,
  },
  metering: {
    title: 'Metering service',
    version: { name: 'api-version', of: 'fulfilment' },
    whenForbidden: technicalConfiguration,
  },
  ingestion: {
    title: 'Product ingestion',
    version: { name: '$version', of: 'products' },
    whenForbidden: manager,
  },
  partner: {
    title: 'Payouts',
    version: null,
    whenForbidden: 'the user who signed in needs a payout or finance role in Partner Center',
  },
  insights: { title: 'Analytics', version: null, whenForbidden: manager },
}

/** The token audiences of an API, most likely first. */
export const audiencesOf = (api: Api, { audiences }: Settings): readonly string[] => {
  const known = audiences[api]
  return typeof known === 'string' ? [known] : known
}
