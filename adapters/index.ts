import type { Adapter } from '../src/adapter.ts'
import { aws } from './aws/index.ts'
import { azure } from './azure/index.ts'
import { gcp } from './gcp/index.ts'
import { salesforce } from './salesforce/index.ts'

/** Every provider, in the order the documents show them. */
export const adapters: readonly Adapter[] = [aws, azure, gcp, salesforce]
