/** An element: its children in order, or its text. Attributes are read over; metadata files carry none that matter. */
export type Element = {
  readonly name: string
  readonly children: Element[]
  text: string
}

const DEPTH_MAX = 50
const PIECE =
  /<\?[\s\S]*?\?>|<!--[\s\S]*?-->|<!\[CDATA\[([\s\S]*?)\]\]>|<!DOCTYPE[^>]*>|<\/([\w:.-]+)\s*>|<([\w:.-]+)((?:\s+[\w:.-]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(\/?)>|([^<]+)/gy
const ENTITIES: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

/** Reads a metadata file. Throws a `SyntaxError` that names the line. */
export function readXml(source: string): Element {
  const text = source.replace(/^\uFEFF/, '')
  const root: Element = { name: '', children: [], text: '' }
  const open = [root]
  PIECE.lastIndex = 0
  let at = 0
  while (at < text.length) {
    const piece = PIECE.exec(text)
    const top = open.at(-1)!
    if (!piece) return fail(text, at, 'Content is not well-formed')
    const [, cdata, closing, opening, , selfClosing, plain] = piece
    if (cdata !== undefined) top.text += cdata
    else if (plain !== undefined) top.text += decodeEntities(text, at, plain)
    else if (closing !== undefined) {
      if (open.length === 1 || top.name !== local(closing)) {
        return fail(text, at, `The end-tag "${closing}" does not match "${top.name}"`)
      }
      open.pop()
    } else if (opening !== undefined) {
      const element: Element = { name: local(opening), children: [], text: '' }
      top.children.push(element)
      if (!selfClosing) open.push(element)
      if (open.length > DEPTH_MAX) return fail(text, at, 'Elements are nested too deeply')
    }
    at = PIECE.lastIndex
  }
  const [only] = root.children
  if (open.length > 1 || !only || root.children.length > 1 || root.text.trim() !== '') {
    return fail(text, text.length, 'The document must have one complete root element')
  }
  return only
}

const local = (name: string) => name.slice(name.indexOf(':') + 1)

function decodeEntities(source: string, at: number, text: string): string {
  return text.replace(/&(#x?[\dA-Fa-f]+|\w+);|&/g, (all, name?: string) => {
    if (name?.startsWith('#x')) return String.fromCodePoint(Number.parseInt(name.slice(2), 16))
    if (name?.startsWith('#')) return String.fromCodePoint(Number(name.slice(1)))
    return ENTITIES[name ?? ''] ?? fail(source, at, `The entity "${all}" was not declared`)
  })
}

function fail(text: string, at: number, message: string): never {
  throw new SyntaxError(
    `Error parsing file: ${message} (line ${text.slice(0, at).split('\n').length})`,
  )
}

/** The trimmed text of the first child of that name, or undefined. */
export function textOf(element: Element, name: string): string | undefined {
  return element.children.find((child) => child.name === name)?.text.trim()
}

export function childrenNamed(element: Element, name: string): Element[] {
  return element.children.filter((child) => child.name === name)
}
