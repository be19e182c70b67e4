/** So many characters of a value at least are the value, cut short: close reasons and excerpts have a limit. */
const SHORTEST_CUT = 12

/**
 * `text` with every occurrence of a value replaced by what `secrets` maps it to. A value is found as it is, in any case, percent-encoded as
 * in URLs, escaped as in JSON (twice too), and cut short. Longer values go first, so that no part of one survives another.
 */
export function redact(text: string, secrets: ReadonlyMap<string, string>): string {
  const values = [...secrets].sort((a, b) => b[0].length - a[0].length)
  return values.reduce((shown, [value, name]) => replaceValue(shown, [...value].map(spellings), name), text)
}

function replaceValue(text: string, value: readonly (readonly string[])[], name: string): string {
  if (value.length === 0) return text
  const folded = text.toLowerCase()
  // Few characters change their length in lower case; where one does, places are not comparable.
  const searched = folded.length === text.length ? folded : text
  let shown = ''
  let kept = 0
  for (let at = 0; at < text.length; at++) {
    const end = endOfValue(searched, at, value)
    if (end === null) continue
    shown += text.slice(kept, at) + name
    kept = end
    at = end - 1
  }
  return shown + text.slice(kept)
}

/** Where the value, or enough of its beginning, ends that starts at `from`; null: it does not start there. */
function endOfValue(text: string, from: number, value: readonly (readonly string[])[]): number | null {
  // A backslash may be one character or half of an escaped one, so there can be several ends at a time.
  let ends: readonly number[] = [from]
  let matched = 0
  for (const forms of value) {
    const next = new Set<number>()
    for (const end of ends) for (const form of forms) if (text.startsWith(form, end)) next.add(end + form.length)
    if (next.size === 0) break
    ends = [...next]
    matched++
  }
  const end = Math.max(...ends)
  return end > from && (matched === value.length || matched >= SHORTEST_CUT) ? end : null
}

/** How a character may be written, in lower case. */
function spellings(character: string): readonly string[] {
  const json = JSON.stringify(character).slice(1, -1)
  const twice = JSON.stringify(json).slice(1, -1)
  const percent = [...Buffer.from(character)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')
  const forms = [character, json, twice, percent].map((form) => form.toLowerCase())
  // URLs lose line breaks and tabs.
  if (/[\t\n\r]/.test(character)) forms.push('')
  return [...new Set(forms)]
}
