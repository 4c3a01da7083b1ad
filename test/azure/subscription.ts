export const sampleId = '37f9dea2-4345-438f-b0bd-03d40d28c7e0'
export const buyerTenant = 'b7c4b1e2-6d0f-4f0e-a2a9-51d6a3b90c22'

/** A subscription as the documents show one, stray blanks and all. */
export const sample = {
  id: sampleId,
  publisherId: 'contoso',
  offerId: 'contoso-saas-preview',
  name: 'Contoso for Fabrikam',
  saasSubscriptionStatus: ' Subscribed ',
  beneficiary: { emailId: 'a@fabrikam.example', objectId: 'o', tenantId: buyerTenant, puid: '1' },
  purchaser: { emailId: 'a@csp.example', objectId: 'o', tenantId: 'd0c7b3aa', puid: '1' },
  planId: 'silver',
  term: {
    startDate: '2026-02-03T00:00:00Z',
    endDate: '2027-02-02T00:00:00Z',
    termUnit: 'P1Y',
    chargeDuration: null,
  },
  autoRenew: true,
  isTest: false,
  isFreeTrial: false,
  allowedCustomerOperations: ['Read', 'Delete', 'Update'],
  sandboxType: 'None',
  created: '2026-02-02T17:39:13.5661812Z',
  lastModified: '0001-01-01T00:00:00',
  quantity: 20,
  sessionMode: 'None',
}
