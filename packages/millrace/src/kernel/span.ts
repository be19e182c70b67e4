/** A half-open range [start, end) of UTF-16 offsets in the text it was read from. */
export interface Span {
  readonly start: number
  readonly end: number
}

export function spanning(first: Span, last: Span): Span {
  return { start: first.start, end: last.end }
}

export interface LineColumn {
  /** 1-based. */
  readonly line: number
  /** 1-based, in code points of the line. */
  readonly column: number
}

export function lineColumn(text: string, offset: number): LineColumn {
  const clamped = Math.min(Math.max(offset, 0), text.length)
  let line = 1
  let lineStart = 0
  for (let i = text.indexOf('\n'); i !== -1 && i < clamped; i = text.indexOf('\n', i + 1)) {
    line++
    lineStart = i + 1
  }
  return { line, column: [...text.slice(lineStart, clamped)].length + 1 }
}
