import { type Draft, type Fault, fault } from './draft.ts'

const S3_HOST = /(^|\.)s3([.-][a-z0-9-]+)*\.amazonaws\.com$/
const READABLE = /\.(pdf|txt)$/i

/**
 * Legal documents AWS would fetch and read. Addresses whose host ends in `.invalid` cannot be read, a
 * path that contains `too-large` is over the size limit.
 */
export function legalFaults(draft: Draft, term: any): Fault[] {
  const { newestStandardEula, legalDocumentHosts } = draft.aws.settings().catalog
  const faults = term.Documents.flatMap((document: any): Fault[] => {
    if (document.Type === 'StandardEula') {
      if (document.Version === newestStandardEula) return []
      return [
        fault(
          'INVALID_LEGAL_DOCUMENTS',
          'Only the most recent version of StandardEula is supported for new offers.',
        ),
      ]
    }
    return urlFaults(document.Url, legalDocumentHosts === 's3')
  })
  const types = term.Documents.map((document: any) => document.Type)
  if (types.filter((type: string) => type === 'StandardEula').length > 1) {
    faults.push(
      fault(
        'INVALID_LEGAL_DOCUMENTS',
        'Provide legal documents using the supported document types.',
      ),
    )
  }
  return faults
}

function urlFaults(text: string, s3Only: boolean): Fault[] {
  const url = URL.canParse(text) ? new URL(text) : null
  const readable =
    url?.protocol === 'https:' &&
    !url.hostname.endsWith('.invalid') &&
    (!s3Only || S3_HOST.test(url.hostname))
  if (!url || !readable) {
    return [
      fault(
        'INVALID_LEGAL_DOCUMENTS',
        'Provide URLs for legal documents stored in accessible S3 buckets.',
      ),
    ]
  }
  if (!READABLE.test(url.pathname)) {
    return [
      fault('INVALID_LEGAL_DOCUMENTS', 'Provide legal documents in the supported file formats.'),
    ]
  }
  if (url.pathname.includes('too-large')) {
    return [
      fault(
        'LIMIT_EXCEEDED_LEGAL_DOCUMENT_SIZE',
        'Provide legal documents within the allowed size limits.',
      ),
    ]
  }
  return []
}
