/** `{{ NAME }}`: two braces, optional blanks, word characters. */
export const TEMPLATE = /\{\{\s*(\w+)\s*\}\}/g

/** The variables a text mentions, each once. */
export function templateNames(text: string): readonly string[] {
  return [...new Set([...text.matchAll(TEMPLATE)].map((match) => match[1]!))]
}

export function hasTemplate(text: string): boolean {
  return text.search(TEMPLATE) !== -1
}

/**
 * Fills a message. In JSON, a value that stands inside a string is escaped for it; anywhere else, and in messages that are no JSON, it is
 * put in as it is.
 */
export function fillMessage(text: string, fill: (text: string, escape?: (value: string) => string) => string): string {
  if (!hasTemplate(text)) return text
  if (!/^\s*[[{"]/.test(text)) return fill(text)
  let filled = ''
  let inString = false
  let at = 0
  for (const match of text.matchAll(TEMPLATE)) {
    const before = text.slice(at, match.index)
    inString = endsInString(before, inString)
    filled += before + (inString ? fill(match[0], escapeJson) : fill(match[0]))
    at = match.index + match[0].length
  }
  return filled + text.slice(at)
}

function endsInString(text: string, inString: boolean): boolean {
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '"') inString = !inString
    else if (text[i] === '\\' && inString) i++
  }
  return inString
}

function escapeJson(value: string): string {
  return JSON.stringify(value).slice(1, -1)
}
