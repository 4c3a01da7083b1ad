import { describe, expect, it } from 'vitest'
import { readConfig } from '../../src/platform/config.ts'

describe('the configuration', () => {
  it('is the local world without DATABASE_URL', () => {
    expect(readConfig({})).toMatchObject({ local: true, PORT: 8787, DATA_DIR: './data' })
  })

  it('names every fault at once', () => {
    expect(() => readConfig({ PORT: 'x', DATABASE_URL: 'mysql://', ADMIN_KEY: 'short' })).toThrow(
      expect.objectContaining({
        details: {
          errors: expect.arrayContaining([
            expect.objectContaining({ path: 'PORT' }),
            expect.objectContaining({ path: 'DATABASE_URL' }),
            expect.objectContaining({ path: 'ADMIN_KEY' }),
          ]),
        },
      }),
    )
  })

  it('refuses production without a strong SECRET_KEY', () => {
    const DATABASE_URL = 'postgres://db.example/tradepost'
    expect(() => readConfig({ DATABASE_URL })).toThrow(/SECRET_KEY is required/)
    expect(() => readConfig({ DATABASE_URL, SECRET_KEY: 'changeme' })).toThrow(/32 random bytes/)
  })
})
