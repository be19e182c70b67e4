/** Bounds on what one statement may cost. A statement beyond them is an error SQL_LIMIT. */
export interface ParseLimits {
  /** UTF-16 units from the first to the last token. */
  readonly maxStatementLength: number
  /** How deep parentheses, calls, subqueries and types may nest in each other. */
  readonly maxDepth: number
  /**
   * Levels of the tree, parentheses counted: also the most operators or joins in one chain. Whoever walks a parsed tree
   * recursively may rely on it. Lists, and chains of AND or of OR, are one level.
   */
  readonly maxHeight: number
}

export const DEFAULT_LIMITS: ParseLimits = { maxStatementLength: 256 * 1024, maxDepth: 200, maxHeight: 500 }
