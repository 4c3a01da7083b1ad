import { html } from 'hono/html'
import type { SheetFor } from './hand.ts'
import type { Offer, Sheet } from './model.ts'

type Drawing = {
  readonly offer: Pick<Offer, 'id' | 'terms'>
  readonly for: SheetFor
  readonly sheet: Sheet
  /** Admits the page's style. */
  readonly nonce: string
}

const last: Readonly<Record<SheetFor, string>> = {
  publish:
    'When it is published, tell Tradepost the offer’s id and the buyer’s link, so that it is followed from there.',
  withdraw: 'When it is withdrawn, or cannot be, tell Tradepost so.',
  extend: 'When it is extended, or cannot be, tell Tradepost so.',
}

/** A sheet to print or to copy from: it asks nothing of anybody, no script, no image, no font. */
export const drawSheet = ({ offer, for: purpose, sheet, nonce }: Drawing) => html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="robots" content="noindex">
    <title>${sheet.title}</title>
    <style nonce="${nonce}">
      body { font: 1rem/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 52rem; padding: 2rem 1rem; }
      h1 { font-size: 1.5rem; line-height: 1.25; }
      h2 { font-size: 1.125rem; margin: 2rem 0 0.5rem; }
      table { border-collapse: collapse; width: 100%; }
      th, td { border-bottom: 1px solid #bbb; padding: 0.375rem 0.5rem 0.375rem 0; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
      th { font-weight: 500; width: 16rem; }
      td span { white-space: pre-wrap; }
      small { display: block; color: #555; }
      footer { margin-top: 2rem; color: #555; }
      @media print { body { padding: 0; max-width: none; } section { break-inside: avoid; } }
    </style>
  </head>
  <body>
    <h1>${sheet.title}</h1>
    <p>${offer.terms.name}. To be typed in at ${place(sheet.url)}</p>
    ${sheet.sections.map(
      ({ title, rows }) => html`<section>
      <h2>${title}</h2>
      <table>
        ${rows.map(
          ({ field, value, note }) => html`<tr>
          <th scope="row">${field}</th>
          <td><span>${value}</span>${note === undefined ? '' : html`<small>${note}</small>`}</td>
        </tr>`,
        )}
      </table>
    </section>`,
    )}
    <footer><p>${last[purpose]}</p><p>${offer.id}</p></footer>
  </body>
</html>`

/** A link only where it leads to the web. */
const place = (url: string) =>
  /^https?:\/\//i.test(url) ? html`<a href="${url}" rel="noreferrer">${url}</a>` : html`${url}`
