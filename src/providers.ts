import { createRoute } from '@hono/zod-openapi'
import * as z from 'zod'
import { allow, bearer, json, problems, readers, router } from './api.ts'

const schema = z.record(z.string(), z.unknown())
const providerView = z
  .object({
    provider: z.string().meta({ description: 'Its name in requests', example: 'provider_example' }),
    title: z.string().meta({ description: 'Its name in prose', example: 'A Marketplace' }),
    supports: z.array(z.string()).meta({
      description: 'What it can do here; what is absent it cannot',
      example: ['offers', 'metering'],
    }),
    settings: schema.meta({ description: 'JSON Schema of a connection’s settings', example: {} }),
    credentials: schema.meta({ description: 'JSON Schema of its credentials', example: {} }),
  })
  .meta({ id: 'Provider' })

const list = createRoute({
  method: 'get',
  path: '/',
  tags: ['connections'],
  security: bearer,
  middleware: allow(...readers),
  summary: 'Which providers there are, and what each needs and can do',
  responses: {
    200: json(z.object({ data: z.array(providerView), next: z.null() }), 'Every provider'),
    ...problems,
  },
})

export const providers = router().openapi(list, (c) => {
  const schemaOf = (type: z.ZodType) =>
    z.toJSONSchema(type, { io: 'input', unrepresentable: 'any' }) as Record<string, unknown>
  const data = c.var.deps.adapters.map((a) => ({
    provider: a.provider,
    title: a.title,
    supports: [...a.supports],
    settings: schemaOf(a.settings),
    credentials: schemaOf(a.credentials),
  }))
  return c.json({ data, next: null }, 200)
})
