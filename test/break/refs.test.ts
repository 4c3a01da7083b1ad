import { expect, it } from 'vitest'
import { nativeViolations } from '../../adapters/azure/offer-native.ts'
import { cellsOf } from '../../adapters/azure/revenue-cells.ts'
import { accountFacts } from '../../adapters/azure/revenue-facts.ts'
import { createBuyer } from '../../src/buyers/model.ts'

const refOf = (ref: string) =>
  createBuyer.parse({ name: 'Initech', accounts: [{ provider: 'one', ref }] }).accounts[0]?.ref

it.each([
  [' 444455556666\u00a0', '444455556666'],
  ['B7C4B1E2-6D0F-4F0E-A2A9-51D6A3B90C22', 'b7c4b1e2-6d0f-4f0e-a2a9-51d6a3b90c22'],
  ['B7C4B1E2-6D0F-4F0E-A2A9-51D6A3B90C22:x_Y', 'b7c4b1e2-6d0f-4f0e-a2a9-51d6a3b90c22:x_Y'],
  ['E-ABCD-1234', 'E-ABCD-1234'],
])('knows an account by its id as a marketplace tells it: %j', (typed, known) => {
  expect(refOf(typed)).toBe(known)
})

it('knows the same account in a report that writes it in capitals', () => {
  const id = '7471D04E-F696-4D20-AF34-FA78D51E419C_2019-05-31'
  const cells = cellsOf(['BillingAccountId', 'CustomerId'], [id, 'cust-1'])
  const known = '7471d04e-f696-4d20-af34-fa78d51e419c_2019-05-31'
  expect(accountFacts(cells).map(({ fact }) => [fact.ref, fact.values.accountRef])).toEqual([
    [known, known],
    ['cust-1', known],
  ])
})

it('says what units a price can include', () => {
  expect(nativeViolations({ includedQuantities: { api_calls: 1.5 } })).toEqual([
    {
      path: 'native.includedQuantities.api_calls',
      message: 'must be a whole number from 1, or "infinite"',
    },
  ])
})
