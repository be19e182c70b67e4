const LETTER = 1
const DIGIT = 2
const SPACE = 4

/** Classes of the ASCII characters. */
const CLASSES = new Uint8Array(128)
for (const c of 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_') CLASSES[c.charCodeAt(0)] = LETTER
for (const c of '0123456789') CLASSES[c.charCodeAt(0)] = DIGIT
for (const c of ' \t\r\n\f\v') CLASSES[c.charCodeAt(0)] = SPACE

/** `code` is a UTF-16 unit; NaN (past the end) is in no class. */
export function isSpace(code: number): boolean {
  return code < 128 ? CLASSES[code] === SPACE : code === 0xa0 || code === 0xfeff || code === 0x2028 || code === 0x2029
}

export function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}

export function isHexDigit(code: number): boolean {
  return isDigit(code) || (code >= 65 && code <= 70) || (code >= 97 && code <= 102)
}

/** May start an unquoted name: an ASCII letter or `_`, or any letter elsewhere in Unicode. */
export function isNameStart(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  return code < 128 ? CLASSES[code] === LETTER : code >= 128 && /^\p{L}/u.test(pointAt(text, at))
}

/** May continue an unquoted name. */
export function isNamePart(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  if (code < 128) return (CLASSES[code]! & (LETTER | DIGIT)) !== 0 || code === 36
  return code >= 128 && /^[\p{L}\p{N}\p{M}]/u.test(pointAt(text, at))
}

/** The character that starts at `at`: one or two UTF-16 units, or empty past the end. */
export function pointAt(text: string, at: number): string {
  const point = text.codePointAt(at)
  return point === undefined ? '' : String.fromCodePoint(point)
}

/** Whether a name reads back as one unquoted word. */
export function isPlainName(name: string): boolean {
  if (!isNameStart(name, 0)) return false
  for (let at = 0; at < name.length; at += pointAt(name, at).length) if (!isNamePart(name, at)) return false
  return true
}
