import { z } from 'zod'
import { Problem } from '../../src/kernel/problem.ts'
import type { OfferOrder } from '../../src/offers/model.ts'
import { within } from '../../src/platform/http.ts'
import type { GcpClient } from './client.ts'
import { documentBody } from './offer-request.ts'
import { shaped } from './reply.ts'

/** "Max size: 4MB": PrivateOfferDocument. */
const bytesMax = 4 * 1024 * 1024
const timeoutMs = 30_000
const pdfHead = '%PDF-'

const documents = z.looseObject({
  privateOfferDocuments: z.array(z.looseObject({ documentType: z.string().nullish() })).nullish(),
})

/** Whether a draft has its agreement already; an offer has one document of ours and no other. */
export async function hasDocument(client: GcpClient, offer: string): Promise<boolean> {
  const json = await client.call({
    api: 'producer',
    method: 'GET',
    path: `/v1beta/${offer}/documents`,
    operation: 'privateOffers.documents.list',
  })
  const { privateOfferDocuments } = shaped(documents, json, 'privateOffers.documents.list')
  return (privateOfferDocuments ?? []).length > 0
}

/** The document of an order, whole. Throws `rejected` with a reason where its PDF cannot be had. */
export async function documentOf(client: GcpClient, order: OfferOrder): Promise<object> {
  if (order.terms.legal.kind === 'standard') return documentBody(order, '')
  const [address] = order.documents
  if (address === undefined) throw unreadable('no document is named')
  const bytes = await read(client, address)
  if (bytes.subarray(0, pdfHead.length).toString('latin1') !== pdfHead)
    throw unreadable('it is no PDF')
  return documentBody(order, bytes.toString('base64'))
}

async function read(client: GcpClient, address: string): Promise<Buffer> {
  if (!address.startsWith('https://')) throw unreadable('its address is not https')
  try {
    return await within(timeoutMs, 'the contract document', async (signal) => {
      const response = await client.fetch(new Request(address, { signal }))
      if (!response.ok) throw unreadable(`its address answers HTTP ${response.status}`)
      if (response.redirected && !response.url.startsWith('https://'))
        throw unreadable('its address leads away from https')
      return gather(response)
    })
  } catch (error) {
    if (error instanceof Problem && error.code === 'rejected') throw error
    throw unreadable(`its address did not answer within ${timeoutMs / 1000} seconds`, error)
  }
}

async function gather(response: Response): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength
    if (size > bytesMax) throw unreadable('it has more than the 4 MB that Google takes')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function unreadable(why: string, cause?: unknown): Problem {
  const message = `the contract document cannot be sent: ${why}`
  const reasons = [{ part: 'legal.documents.0', code: 'document', message }]
  return new Problem('rejected', message, { reasons }, { cause })
}
