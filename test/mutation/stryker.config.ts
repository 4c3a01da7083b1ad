import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * Mutation testing of the rules that usage and money rest on: files without database, clock or network. Each change
 * that a mutant makes to them must fail one of the tests in `vitest.config.ts`.
 */
const ruled = {
  kernel: ['currency', 'decimal', 'money'],
  contracts: [
    'advance',
    'amend',
    'book',
    'commit',
    'faults',
    'frames',
    'grants',
    'minimum',
    'period',
    'preview',
    'price',
    'rate',
    'repair',
    'work',
  ],
  meters: ['aggregate', 'expression', 'functions', 'operations', 'parse', 'values'],
  metering: [
    'batch',
    'hours',
    'included',
    'incoming',
    'place',
    'properties',
    'quantities',
    'read',
    'verdict',
  ],
  commitments: ['count', 'drawdown', 'fit', 'forecast', 'model', 'position', 'rules', 'statement'],
}

export default {
  mutate: Object.entries(ruled).flatMap(([folder, files]) =>
    files.map((file) => `src/${folder}/${file}.ts`),
  ),
  plugins: ['@stryker-mutator/vitest-runner'],
  testRunner: 'vitest',
  vitest: { configFile: 'test/mutation/vitest.config.ts', related: false },
  coverageAnalysis: 'perTest',
  concurrency: 2,
  // A machine that is busy with other things must not pass for a mutant that never ends.
  timeoutMS: 60_000,
  ignorePatterns: ['**', '!src/**', '!test/**', '!package.json'],
  tempDirName: join(tmpdir(), 'tradepost-mutation'),
  cleanTempDir: 'always',
  reporters: ['clear-text', 'json'],
  jsonReporter: { fileName: join(tmpdir(), 'tradepost-mutation.json') },
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  thresholds: { high: 95, low: 85, break: 85 },
  allowEmpty: false,
}
