import * as z from 'zod'
import type { SheetFor } from './hand.ts'
import { type Offer, offerId, type Sheet } from './model.ts'

const text = (description: string, example: string) => z.string().meta({ description, example })

export const sheetView = z
  .object({
    offer: offerId,
    for: z
      .enum(['publish', 'withdraw', 'extend'])
      .meta({ description: 'What is to be done with it', example: 'publish' }),
    title: text('What it is', 'Private offer Acme 2027'),
    url: text('Where it is typed in', 'https://marketplace.example.com/offers/new'),
    sections: z
      .array(
        z.object({
          title: text('Part of the form', 'Customer'),
          rows: z
            .array(
              z.object({
                field: text('The form’s own word', 'Billing account'),
                value: text('What to type', '123456789012'),
                note: text('What to mind', 'As the buyer sees it').optional(),
              }),
            )
            .meta({ description: 'In the form’s order' }),
        }),
      )
      .meta({ description: 'In the form’s order' }),
  })
  .meta({ id: 'OfferSheet' })

export const viewSheet = (found: {
  readonly offer: Offer
  readonly for: SheetFor
  readonly sheet: Sheet
}): z.input<typeof sheetView> => ({
  offer: found.offer.id,
  for: found.for,
  title: found.sheet.title,
  url: found.sheet.url,
  sections: found.sheet.sections.map(({ title, rows }) => ({
    title,
    rows: rows.map(({ field, value, note }) => ({ field, value, ...(note && { note }) })),
  })),
})
