/** Text without what a database cannot hold: U+0000 and halves of surrogate pairs become U+FFFD. */
export const storableText = (text: string): string => text.replaceAll('\0', '\ufffd').toWellFormed()

const uuids = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi

/** An account's id as it is compared: without the blanks of a copy, and UUIDs in lower case (RFC 9562, section 4). */
export const plainRef = (ref: string): string =>
  ref.trim().replace(uuids, (uuid) => uuid.toLowerCase())
