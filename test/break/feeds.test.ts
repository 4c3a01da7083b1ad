import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { aws } from '../../adapters/aws/index.ts'
import { createTestWorld, type World } from '../world.ts'

const columns =
  'billing_event_id,from_account_id,to_account_id,end_user_account_id,product_id,action,transaction_type,amount,currency,balance_impacting,invoice_date,invoice_id,agreement_id,offer_id,valid_from,insert_date,update_date,delete_date'
const at = '2026-11-22T00:00:00Z'
const line = (id: string, amount: string) =>
  `${id},acct-b,acct-s,acct-b,prod-1,INVOICED,SELLER_REV_SHARE,${amount},USD,1,${at},inv-1,agmt-1,offer-1,${at},${at},${at},`

let world: World
let folder: string
let connection: string
let imported: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tradepost-feeds-'))
  const feed = join(folder, 'billingeventfeed_v1')
  await mkdir(join(feed, 'folder.csv'), { recursive: true })
  await symlink(join(folder, 'nowhere'), join(feed, 'dangling.csv'))
  const rows = [columns, line('a', '100.00'), line('b', `${'9'.repeat(20)}.00`), line('c', '5.00')]
  await writeFile(join(feed, 'data.csv'), rows.join('\n'))
  world = await createTestWorld({ adapters: [aws] })
  const made = await world.as('admin').post('/v1/connections', {
    provider: 'aws',
    name: 'Folder',
    settings: { endpoint: 'http://127.0.0.1:9', feeds: { kind: 'folder', path: folder } },
    credentials: { kind: 'keys', accessKeyId: 'AKIA', secretAccessKey: 'secret' },
  })
  connection = made.body.id
})
afterAll(async () => {
  await world?.close()
  await rm(folder, { recursive: true, force: true })
})

describe('a folder of feeds', () => {
  it('is read although some of its names are no files', async () => {
    const asked = await world.as('finance').post('/v1/revenue-imports', { connection })
    imported = asked.body.id
    for (let round = 0; round < 10; round++) await world.drain()
    const { body } = await world.as('finance').get(`/v1/revenue-imports/${imported}`)
    expect(body.state).toBe('done')
    expect(body.files).toHaveLength(1)
    expect(body.progress).toMatchObject({ rowsRead: 2, rowsBroken: 1 })
  })

  it('names a row whose amount is beyond all money, which would spoil every total', async () => {
    const { body } = await world.as('finance').get(`/v1/revenue-imports/${imported}/faults`)
    expect(body.data).toMatchObject([{ row: 3, column: 'amount' }])
    const report = await world.as('finance').get('/v1/reports/revenue')
    expect(report.status).toBe(200)
    expect(report.text).toContain('105.00')
  })
})
