import { expect, it } from 'vitest'
import { adapters } from '../adapters/index.ts'
import { readme, renewed } from './readme.ts'
import { offersOf, orderOf, ways } from './readme-offer.ts'

it('shows the configuration, what each provider can do and what one body becomes as the source has them', () => {
  expect(readme()).toBe(renewed(readme()))
})

it.each(ways)('shows a body that breaks no rule: $title', (way) => {
  expect(offersOf(adapters, way).violations(orderOf(way))).toEqual([])
})

it('shows what the body becomes at every provider that takes offers', () => {
  const able = adapters.filter(({ supports }) => supports.includes('offers'))
  expect(new Set(ways.map(({ provider }) => provider))).toEqual(
    new Set(able.map(({ provider }) => provider)),
  )
})
