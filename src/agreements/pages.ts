import { html } from 'hono/html'

/** A page somebody sees who was sent here to register: what happened, and what to do next. */
export type RegistrationPage =
  | 'no_token'
  | 'no_connection'
  | 'too_large'
  | 'crowded'
  | 'expired'
  | 'forged'
  | 'unavailable'
  | 'broken'
  | 'registered'
  | 'sign_in'

type Words = { readonly status: 200 | 400 | 404 | 410 | 413 | 429 | 500 | 503 } & {
  readonly title: string
  readonly happened: string
  readonly next: string
}

const again =
  'Go back to the marketplace, open your subscription and choose to set up your account again: that gives you a fresh link.'
const waitAndReload = 'Wait a minute, then reload this page. Your link stays good.'

export const registrationPages: Readonly<Record<RegistrationPage, Words>> = {
  no_token: {
    status: 400,
    title: 'This page is reached from the marketplace',
    happened: 'You came here without the link that tells us what you bought.',
    next: 'Open your subscription in the marketplace and choose to set up your account. It sends you here with everything we need.',
  },
  no_connection: {
    status: 404,
    title: 'There is nothing here',
    happened: 'No product is registered at this address.',
    next: 'Check the address, or open your subscription in the marketplace and choose to set up your account.',
  },
  too_large: {
    status: 413,
    title: 'That was too much',
    happened: 'What your browser sent is larger than any registration.',
    next: again,
  },
  crowded: {
    status: 429,
    title: 'Too many at once',
    happened: 'More registrations are arriving than we take in at a time.',
    next: waitAndReload,
  },
  expired: {
    status: 410,
    title: 'This link has expired',
    happened: 'Registration links last only a short while, for your safety.',
    next: again,
  },
  forged: {
    status: 400,
    title: 'We could not verify this link',
    happened: 'The marketplace does not know the link you came with. It may have been cut off.',
    next: `${again} If it happens again, contact the seller.`,
  },
  unavailable: {
    status: 503,
    title: 'The marketplace does not answer right now',
    happened: 'We could not ask the marketplace who you are.',
    next: waitAndReload,
  },
  broken: {
    status: 500,
    title: 'Something went wrong on our side',
    happened: 'Your registration could not be completed. It is not your fault.',
    next: 'Try again in a few minutes. If it still fails, contact the seller and tell them the number below.',
  },
  registered: {
    status: 200,
    title: 'You are registered',
    happened: 'We know your subscription.',
    next: 'The seller will be in touch with how to sign in. You can close this page.',
  },
  sign_in: {
    status: 200,
    title: 'Sign in with the seller',
    happened: 'The marketplace sent you here without telling us who you are.',
    next: 'Sign in on the seller’s own page. If you have just bought the product and have no account yet, open your subscription in the marketplace and choose to set it up.',
  },
}

type Drawing = {
  /** Admits the page's style. */
  readonly nonce: string
  readonly requestId: string
  /** Where to go from here; absent: nowhere. */
  readonly link?: string | undefined
}

/** The page as HTML that asks nothing of anybody: no script, no image, no font. */
export const drawPage = (page: RegistrationPage, { nonce, requestId, link }: Drawing) => {
  const { title, happened, next } = registrationPages[page]
  return html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="robots" content="noindex">
    <title>${title}</title>
    <style nonce="${nonce}">
      :root { color-scheme: light dark; }
      body { font: 1.125rem/1.6 system-ui, sans-serif; margin: 0; padding: 2rem 1rem; }
      main { margin: 10vh auto 0; max-width: 34rem; }
      h1 { font-size: 1.75rem; line-height: 1.25; }
      small { opacity: 0.75; }
    </style>
  </head>
  <body>
    <main>
      <h1>${title}</h1>
      <p>${happened}</p>
      <p>${next}</p>
      ${link ? html`<p><a href="${link}">Go to the seller’s page</a></p>` : ''}
      <p><small>Request ${requestId}</small></p>
    </main>
  </body>
</html>`
}
