const REASON_BYTES_MAX = 256

/** A reason as Google keeps it: longer ones are cut, not refused; half a character is dropped. */
export function cut(reason: unknown): string {
  const bytes = Buffer.from(typeof reason === 'string' ? reason : '', 'utf8')
  if (bytes.length <= REASON_BYTES_MAX) return bytes.toString('utf8')
  return bytes
    .subarray(0, REASON_BYTES_MAX)
    .toString('utf8')
    .replace(/\uFFFD+$/, '')
}
