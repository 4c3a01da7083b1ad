import nock from 'nock'
import { afterAll, beforeAll } from 'vitest'

/** For one file, nobody is reached but who nock answers for; files share a process, so the network is given back. */
export function cutOff(): void {
  beforeAll(() => {
    if (!nock.isActive()) nock.activate()
    nock.disableNetConnect()
  })
  afterAll(() => {
    nock.cleanAll()
    nock.enableNetConnect()
    nock.restore()
  })
}
