import { inflateRawSync } from 'node:zlib'
import type { SourceFile } from './source.ts'

const FILES_MAX = 10_000
const FILE_BYTES_MAX = 10_000_000
const END = 0x06054b50
const ENTRY = 0x02014b50

/** The text files of a zip, by its central directory (PKWARE APPNOTE 4.3); stored and deflated entries only. */
export function unzip(bytes: Buffer): SourceFile[] {
  let end = bytes.length - 22
  while (end >= 0 && bytes.readUInt32LE(end) !== END) end -= 1
  if (end < 0) throw new SyntaxError('Not a zip file')
  const count = bytes.readUInt16LE(end + 10)
  if (count > FILES_MAX) throw new SyntaxError(`A package has at most ${FILES_MAX} files`)
  const files: SourceFile[] = []
  let at = bytes.readUInt32LE(end + 16)
  for (let each = 0; each < count; each += 1) {
    if (at + 46 > bytes.length || bytes.readUInt32LE(at) !== ENTRY) {
      throw new SyntaxError('The zip directory is broken')
    }
    const [nameLength, extra, comment] = [28, 30, 32].map((place) => bytes.readUInt16LE(at + place))
    const path = bytes.toString('utf8', at + 46, at + 46 + nameLength!)
    if (!path.endsWith('/')) files.push({ path, content: contentAt(bytes, at) })
    at += 46 + nameLength! + extra! + comment!
  }
  return files
}

function contentAt(bytes: Buffer, entry: number): string {
  const method = bytes.readUInt16LE(entry + 10)
  const size = bytes.readUInt32LE(entry + 20)
  const local = bytes.readUInt32LE(entry + 42)
  const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28)
  const packed = bytes.subarray(start, start + size)
  if (method === 0) return packed.toString('utf8')
  if (method !== 8) throw new SyntaxError(`Compression method ${method} is not supported`)
  return inflateRawSync(packed, { maxOutputLength: FILE_BYTES_MAX }).toString('utf8')
}
