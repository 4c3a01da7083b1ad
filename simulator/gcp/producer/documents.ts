import { Refusal } from '../refusal.ts'
import type { GcpContext } from '../state.ts'
import { decode, type Violation } from './codec.ts'
import { patched } from './mask.ts'
import { type Offer, type OfferPaper, papers, papersOf } from './model.ts'
import { mustBe } from './offer-lifecycle.ts'
import { refuse } from './offers.ts'

const CONTENT_BYTES_MAX = 4 * 1024 * 1024
const CUSTOM = 'CUSTOM_END_USER_LICENSE_AGREEMENT'
const STANDARD = 'STANDARD_END_USER_LICENSE_AGREEMENT_V2'

/** Attaches a document to a draft (PrivateOfferDocument). */
export function createPaper(gcp: GcpContext, offer: Offer, body: unknown): OfferPaper {
  mustBe(offer, ['DRAFT'], 'given documents')
  const { value, faults } = decode('PrivateOfferDocument', body ?? {})
  refuse(faults)
  refuse(paperFaults(value, papersOf(gcp, offer.id)))
  const now = gcp.now()
  const id = gcp.ids.guid()
  return store(gcp, { ...paperOf(value), id, offer: offer.id, createdAt: now, updatedAt: now })
}

export function updatePaper(
  gcp: GcpContext,
  offer: Offer,
  id: string,
  asked: { readonly body: unknown; readonly mask: string },
): OfferPaper {
  const before = findPaper(gcp, offer, id)
  mustBe(offer, ['DRAFT'], 'given documents')
  const { value, faults } = decode('PrivateOfferDocument', asked.body ?? {})
  refuse(faults)
  const old = {
    documentType: before.documentType,
    ...(before.mimeType === '' ? {} : { mimeType: before.mimeType }),
    ...(before.content === '' ? {} : { inlineContent: before.content }),
  }
  const next = patched('PrivateOfferDocument', old, value, asked.mask)
  const others = papersOf(gcp, offer.id).filter((one) => one.id !== id)
  refuse([...next.faults, ...paperFaults(next.value, others)])
  return store(gcp, { ...before, ...paperOf(next.value), updatedAt: gcp.now() })
}

export function deletePaper(gcp: GcpContext, offer: Offer, id: string): void {
  findPaper(gcp, offer, id)
  mustBe(offer, ['DRAFT'], 'given documents')
  papers(gcp).delete(`${offer.id}/${id}`)
}

export function findPaper(gcp: GcpContext, offer: Offer, id: string): OfferPaper {
  const paper = papers(gcp).get(`${offer.id}/${id}`)
  if (!paper) throw new Refusal('NOT_FOUND')
  return paper
}

function store(gcp: GcpContext, paper: OfferPaper): OfferPaper {
  return papers(gcp).put(`${paper.offer}/${paper.id}`, paper)
}

function paperOf(value: any) {
  return {
    documentType: String(value.documentType),
    mimeType: String(value.mimeType ?? ''),
    content: String(value.inlineContent ?? ''),
  }
}

function paperFaults(value: any, others: readonly OfferPaper[]): Violation[] {
  const found: Violation[] = []
  const add = (field: string, description: string) => void found.push({ field, description })
  const { documentType: type, mimeType = '', inlineContent = '' } = value
  const bytes = Buffer.from(inlineContent, 'base64').byteLength
  if (!type || type === 'DOCUMENT_TYPE_UNSPECIFIED')
    add('document_type', 'document_type is required.')
  if (type === 'STATEMENT_OF_WORK') {
    add('document_type', 'STATEMENT_OF_WORK is only for Professional Services products.')
  }
  if (type === 'STANDARD_END_USER_LICENSE_AGREEMENT_V1') {
    add('document_type', 'Version 1 of the standard EULA is not permitted for new offers.')
  }
  if (type === STANDARD && (mimeType || inlineContent)) {
    add('inline_content', 'mime_type and inline_content must not be set for a standard EULA.')
  }
  if (type === CUSTOM && mimeType !== 'application/pdf') {
    add('mime_type', "mime_type must be 'application/pdf'.")
  }
  if (type === CUSTOM && bytes === 0) add('inline_content', 'inline_content must be set.')
  if (bytes > CONTENT_BYTES_MAX) add('inline_content', 'inline_content must not exceed 4 MB.')
  const isEula = (one: string) => one === CUSTOM || one === STANDARD
  if (isEula(type) && others.some((one) => isEula(one.documentType))) {
    add('document_type', 'A private offer may not have more than one EULA.')
  }
  return found
}
