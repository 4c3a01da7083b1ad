import type { StoredFile } from './insights-model.ts'
import type { AzureState } from './state.ts'

/** Puts a finished file where its address alone opens it, and returns the file. */
export function storeFile(
  state: AzureState,
  content: string,
  format: StoredFile['format'],
  lifeMs: number,
): StoredFile {
  const id = state.ids.guid()
  const signature = state.ids.hex(40)
  const file = { id, signature, content, format, expiresAt: state.now() + lifeMs }
  return files(state).put(id, file)
}

/** A link like those of blob storage: everything that opens the file is in the query. */
export function linkTo(state: AzureState, base: string, file: StoredFile): string {
  const until = `${new Date(file.expiresAt).toISOString().slice(0, 19)}Z`
  const query = new URLSearchParams({ sv: '2022-11-02', se: until, sp: 'r', sig: file.signature })
  return `${state.world.origin()}${base}/files/${file.id}.${file.format}?${query}`
}

/** Answers a download: 403 in blob storage's words when the signature is wrong or too old. */
export function download(state: AzureState, name: string, signature: string | undefined): Response {
  const file = files(state).get(name.replace(/\.(csv|tsv)$/, ''))
  if (!file) return blobError(404, 'BlobNotFound', 'The specified blob does not exist.')
  if (file.signature !== signature || file.expiresAt <= state.now()) {
    const message = 'Server failed to authenticate the request.'
    return blobError(403, 'AuthenticationFailed', message)
  }
  const type = file.format === 'csv' ? 'text/csv' : 'text/tab-separated-values'
  return new Response(file.content, { headers: { 'content-type': `${type}; charset=utf-8` } })
}

export function fileOf(state: AzureState, id: string | null): StoredFile | undefined {
  return id === null ? undefined : files(state).get(id)
}

function files(state: AzureState) {
  return state.world.table<StoredFile>('azure.files')
}

function blobError(status: number, code: string, message: string): Response {
  const xml = `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`
  return new Response(xml, { status, headers: { 'content-type': 'application/xml' } })
}
