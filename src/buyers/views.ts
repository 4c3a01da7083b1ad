import * as z from 'zod'
import { instantField } from '../kernel/fields.ts'
import { type Buyer, buyerId } from './model.ts'

export const buyerView = z
  .object({
    id: buyerId,
    name: z.string().meta({ description: 'The organisation', example: 'Acme Corporation' }),
    accounts: z
      .array(
        z.object({
          provider: z.string().meta({ description: 'Which provider', example: 'provider_example' }),
          ref: z
            .string()
            .meta({ description: 'The provider’s own id of the account', example: '123456789012' }),
        }),
      )
      .meta({ description: 'Its accounts at each provider' }),
    crm: z
      .object({
        account: z
          .string()
          .meta({ description: 'Id of its account in the CRM', example: '001Dn00000ExAmPlE1' }),
      })
      .nullable()
      .meta({ description: 'Its account in the CRM; null when not known' }),
    revision: z.int().meta({ description: 'Counts changes; also the ETag', example: 1 }),
    createdAt: instantField('When it was entered'),
    updatedAt: instantField('When it last changed'),
  })
  .meta({ id: 'Buyer' })

export const viewBuyer = (buyer: Buyer): z.input<typeof buyerView> => ({
  ...buyer,
  accounts: buyer.accounts.map((account) => ({ ...account })),
})
