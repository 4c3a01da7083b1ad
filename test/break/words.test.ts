import { expect, it } from 'vitest'
import { classify } from '../../adapters/aws/failures.ts'

it('says that an endpoint is none of AWS’s instead of quoting the SDK’s parser', () => {
  const quoted = new SyntaxError(
    'Unexpected token < in JSON\n  Deserialization error: to see the raw response, inspect the hidden field {error}.$response on this object.',
  )
  expect(classify('ListEntities', quoted).message).toBe(
    'AWS ListEntities: what answered there is not AWS; check the endpoint in the settings',
  )
})
