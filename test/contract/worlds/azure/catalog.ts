import { ACMESOFT } from '../../../../simulator/azure/seed.ts'
import { SCHEMA, term } from '../../../azure-simulator/seller.ts'
import type { SimulatedAzure } from './cloud.ts'

const schema = (type: string) => `${SCHEMA}/${type}/2022-07-01`

/** Sends resources past the adapter, lets so much time pass, and answers what the job made. */
export async function configure(
  cloud: SimulatedAzure,
  resources: readonly object[],
  duration: string,
): Promise<readonly any[]> {
  const { body, status } = await cloud.ingest('POST', 'configure', {
    $schema: schema('configure'),
    resources,
  })
  if (status !== 202) throw new Error(JSON.stringify(body))
  await cloud.advance(duration)
  const { body: job } = await cloud.ingest('GET', `configure/${body.jobId}/status`)
  if (job.jobResult !== 'succeeded') throw new Error(JSON.stringify(job))
  return (await cloud.ingest('GET', `configure/${body.jobId}`)).body.resources
}

/** A draft of a product, in one resource. */
export const draft = (offerId: string, alias: string) => ({
  $schema: schema('product'),
  resourceName: offerId,
  identity: { externalId: offerId },
  type: 'softwareAsAService',
  alias,
})

/** Puts a second product on sale, by preview to live as the documents have it: one plan by the seat, no meters. */
export async function publishReports(cloud: SimulatedAzure): Promise<void> {
  const product = { resourceName: 'acme-reports' }
  const plan = { resourceName: 'desk' }
  const [made] = await configure(
    cloud,
    [
      draft('acme-reports', 'Acme Reports'),
      {
        $schema: schema('plan'),
        ...plan,
        product,
        identity: { externalId: 'desk' },
        alias: 'Desk',
      },
      {
        $schema: schema('listing'),
        product,
        kind: 'azureSaaS',
        languageId: 'en-us',
        title: 'Acme Reports for Azure',
      },
      {
        $schema: schema('price-and-availability-plan'),
        product,
        plan,
        visibility: 'visible',
        audience: 'public',
        pricing: {
          recurrentPrice: {
            recurrentPriceMode: 'perUser',
            priceInputOption: 'usd',
            userLimits: { min: 5, max: 50 },
            prices: [
              { billingTerm: term('month'), pricePerPaymentInUsd: 9 },
              { billingTerm: term('year', 3), pricePerPaymentInUsd: 280 },
            ],
          },
        },
      },
      {
        $schema: schema('software-as-a-service-technical-configuration'),
        product,
        landingPageUri: 'https://acme.example/reports',
        connectionWebhook: '',
        azureAdTenantId: ACMESOFT.tenantId,
        azureAdAppId: ACMESOFT.clientId,
      },
    ],
    'PT1M',
  )
  const submit = (target: string, more: object, duration: string) =>
    configure(
      cloud,
      [
        {
          $schema: schema('submission'),
          product: made.id,
          target: { targetType: target },
          ...more,
        },
      ],
      duration,
    )
  const [preview] = await submit('preview', {}, 'PT2H')
  await submit('live', { id: preview.id }, 'PT49H')
}
