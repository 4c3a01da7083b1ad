import { expect, it } from 'vitest'
import { classifyLogin } from '../../adapters/salesforce/failure.ts'

const thrown = (name: string, message: string) => Object.assign(new Error(message), { name })

it.each([
  [thrown('TypeError', 'fetch failed'), 'loginUrl cannot be reached'],
  [
    thrown('ERROR_HTTP_404', '<html>client_secret=s3cret</html>'),
    'loginUrl answers 404, as no login address of Salesforce does',
  ],
  [thrown('ERROR_HTTP_503', 'down'), 'loginUrl answers 503'],
])('says why Salesforce gave no token, and quotes nothing: %s', (error, why) => {
  const { code, message } = classifyLogin(error)
  expect([code, message]).toEqual(['unavailable', `Salesforce gave no token: ${why}`])
})
