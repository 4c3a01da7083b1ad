import type { CrmFields, CrmLinks, CrmRow } from '../../src/crm/model.ts'

const at = '2027-01-10T09:30:00.000Z'

export const offerRow = (
  key: string,
  fields: Partial<CrmFields['offer']> = {},
  links: CrmLinks['offer'] = {},
): CrmRow<'offer'> => ({
  kind: 'offer',
  key,
  fields: {
    provider: 'aws',
    name: 'Initech 2027',
    offerRef: 'offer-abc',
    listingRef: 'prod-abc',
    listingName: 'Acme Analytics',
    status: 'live',
    nativeStatus: null,
    buyUrl: 'https://marketplace.example/offer-abc',
    type: 'new',
    acceptBy: '2027-01-31',
    startsOn: '2027-02-01',
    endsOn: '2028-01-31',
    termMonths: '12',
    currency: 'USD',
    value: '120000.50',
    feePercent: '3',
    netValue: '116400.48',
    buyerRefs: '111122223333\n444455556666',
    payments: 'schedule',
    changedAt: at,
    ...fields,
  },
  links,
})

export const agreementRow = (
  key: string,
  fields: Partial<CrmFields['agreement']> = {},
  links: CrmLinks['agreement'] = {},
): CrmRow<'agreement'> => ({
  kind: 'agreement',
  key,
  fields: {
    provider: 'aws',
    agreementRef: `agmt-${key}`,
    buyerRef: '111122223333',
    status: 'active',
    nativeStatus: 'ACTIVE',
    acceptedAt: at,
    startsAt: at,
    endsAt: null,
    currency: 'USD',
    value: '120000.50',
    drawn: '30000.25',
    remaining: '90000.25',
    drawnAsOf: at,
    changedAt: at,
    ...fields,
  },
  links,
})

export const commitmentRow = (
  key: string,
  fields: Partial<CrmFields['commitment']> = {},
  links: CrmLinks['commitment'] = {},
): CrmRow<'commitment'> => ({
  kind: 'commitment',
  key,
  fields: {
    provider: 'aws',
    instrument: 'Private pricing',
    currency: 'USD',
    committed: '1000000.00',
    startsOn: '2027-01-01',
    endsOn: '2029-12-31',
    drawnThroughUs: '1234.56',
    drawn: '400000.00',
    remaining: '600000.00',
    headroomAtMost: '248765.44',
    flags: null,
    asOf: '2027-01-10',
    confidence: 'medium',
    changedAt: at,
    ...fields,
  },
  links,
})

export const opportunityRow = (
  key: string,
  fields: Partial<CrmFields['opportunity']> = {},
  links: CrmLinks['opportunity'] = {},
): CrmRow<'opportunity'> => ({
  kind: 'opportunity',
  key,
  fields: {
    status: 'live',
    buyUrl: 'https://marketplace.example/offer-abc',
    acceptBy: '2027-01-31',
    currency: 'USD',
    netValue: '116400.48',
    ...fields,
  },
  links,
})
