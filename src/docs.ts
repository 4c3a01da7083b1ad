import type { OpenAPIHono } from '@hono/zod-openapi'
import { Scalar } from '@scalar/hono-api-reference'
import type { Env } from './api.ts'
import { putExamplesInPlace } from './examples.ts'

/** What the document says of itself. */
const about = {
  openapi: '3.1.0',
  info: {
    title: 'Tradepost',
    version: '0.1.0',
    description:
      'Private offers, agreements, metering, drawdown and CRM across cloud marketplaces. Money is a decimal string with its currency, never a number.',
    license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
  },
}

/** The reference page asks nobody but this server: its script lies beside it as `/scalar.js`. */
const pagePolicy =
  "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:"

/** Serves the OpenAPI document, with ids that exist here as its examples, and its reference page. */
export function describeApi(app: OpenAPIHono<Env>): void {
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    description: 'An API key',
  })
  app.get('/openapi.json', async (c) => {
    const document = app.getOpenAPI31Document({
      ...about,
      servers: [{ url: c.var.deps.publicUrl }],
    })
    return c.json(await putExamplesInPlace(c.var.deps.db, document, c.var.deps.adapters))
  })
  const page = Scalar({
    url: '/openapi.json',
    cdn: '/scalar.js',
    withDefaultFonts: false,
    telemetry: false,
    hideClientButton: true,
    showDeveloperTools: 'never',
    agent: { disabled: true },
    mcp: { disabled: true },
    pageTitle: 'Tradepost API',
  })
  app.get(
    '/docs',
    async (c, next) => {
      await next()
      c.header('content-security-policy', pagePolicy)
    },
    page,
  )
}
