import { expect, it } from 'vitest'
import { readme, renewed } from './readme.ts'

it('shows the configuration and the capability matrix as the source has them', () => {
  expect(readme()).toBe(renewed(readme()))
})
