import { defineConfig } from 'vitest/config'

/** The tests of pure rules alone: no database, no network, no marketplace. */
export default defineConfig({
  test: {
    include: [
      'test/kernel/*.test.ts',
      'test/meters/expression.test.ts',
      'test/metering/*-rules.test.ts',
      'test/commitments/{rules,position}.test.ts',
      'test/commitments/*-rules.test.ts',
      'test/property/{money,commitments,contract-books,contracts,hours,usage}.test.ts',
      'test/worked-examples/{contract,drawdown,money}.test.ts',
    ],
    env: { PROPERTY_RUNS: '25', PROPERTY_SEED: '7' },
    pool: 'threads',
    isolate: false,
    maxWorkers: 1,
  },
})
