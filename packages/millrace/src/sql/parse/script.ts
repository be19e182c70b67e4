import { MillraceError, MillraceErrors } from '../../kernel/index.ts'
import type { Expression, Statement } from '../ast/index.ts'
import { type Dialect, STANDARD } from '../dialect.ts'
import { Lexer, type Token } from '../lex/index.ts'
import { Cursor } from './cursor.ts'
import { parseExpression as parseExpressionAt } from './expressions.ts'
import { DEFAULT_LIMITS, type ParseLimits } from './limits.ts'
import { STATEMENT_WORDS, parseStatement as parseStatementAt } from './statements.ts'

export interface Script {
  readonly statements: readonly Statement[]
  /** SQL_SYNTAX or SQL_LIMIT, each with a span, in the order of the text; at most one per faulty statement. */
  readonly errors: readonly MillraceError[]
}

/**
 * All statements of a text, separated by `;`. After an error reading goes on behind the next `;`; where only the `;` is
 * missing, at the line that starts the next statement. Takes time linear in the text.
 */
export function parseScript(text: string, dialect: Dialect = STANDARD, limits: Partial<ParseLimits> = {}): Script {
  const bounds = { ...DEFAULT_LIMITS, ...limits }
  const lexer = new Lexer(text, dialect)
  const statements: Statement[] = []
  const errors: MillraceError[] = []
  for (;;) {
    const tokens = readStatement(lexer, bounds)
    try {
      checkLength(tokens, bounds)
      let at = 0
      while (at < tokens.length - 1) {
        const cursor = new Cursor(text, tokens, dialect, bounds, at)
        const statement = parseStatementAt(cursor)
        if (!cursor.atEnd) errors.push(missingSemicolon(text, cursor))
        statements.push(statement)
        at = cursor.position
      }
    } catch (error) {
      errors.push(MillraceError.from(error))
    }
    if (tokens.at(-1)!.type === 'end') return { statements, errors }
  }
}

/** The one statement of a text. Throws MillraceErrors with all that is wrong. */
export function parseStatement(
  text: string,
  dialect: Dialect = STANDARD,
  limits: Partial<ParseLimits> = {},
): Statement {
  const { statements, errors } = parseScript(text, dialect, limits)
  if (errors.length > 0) throw new MillraceErrors(errors)
  if (statements.length === 1) return statements[0]!
  const span = statements[1]?.span ?? { start: text.length, end: text.length }
  throw new MillraceErrors([
    new MillraceError('SQL_SYNTAX', `expected one statement, found ${statements.length}`, { span }),
  ])
}

/** An expression on its own. Throws a MillraceError. */
export function parseExpression(
  text: string,
  dialect: Dialect = STANDARD,
  limits: Partial<ParseLimits> = {},
): Expression {
  const bounds = { ...DEFAULT_LIMITS, ...limits }
  const tokens = readStatement(new Lexer(text, dialect), bounds)
  checkLength(tokens, bounds)
  const cursor = new Cursor(text, tokens, dialect, bounds)
  const expression = parseExpressionAt(cursor)
  if (!cursor.atEnd || !cursor.is('end')) cursor.fail('the end of the expression')
  return expression
}

/**
 * Tokens up to and including the next `;` or the end. Of a statement beyond the limit those in the middle are left out.
 */
function readStatement(lexer: Lexer, limits: ParseLimits): Token[] {
  const tokens: Token[] = []
  let beyond: Token | undefined
  for (;;) {
    const token = lexer.next()
    if (token.type === 'end' || (token.type === 'symbol' && token.text === ';')) {
      if (beyond !== undefined) tokens.push(beyond)
      tokens.push(token)
      return tokens
    }
    if (tokens.length === 0 || token.end - tokens[0]!.start <= limits.maxStatementLength) tokens.push(token)
    else beyond = token
  }
}

function checkLength(tokens: readonly Token[], limits: ParseLimits): void {
  const [first] = tokens
  const length = (tokens.at(-2)?.end ?? 0) - first!.start
  if (length <= limits.maxStatementLength) return
  throw new MillraceError(
    'SQL_LIMIT',
    `the statement has ${length} characters, the limit is ${limits.maxStatementLength}`,
    {
      span: { start: first!.start, end: first!.end },
    },
  )
}

/** The error of a statement that follows another without `;`. Throws it where reading cannot go on. */
function missingSemicolon(text: string, cursor: Cursor): MillraceError {
  const { token } = cursor
  const line = text.slice(text.lastIndexOf('\n', token.start - 1) + 1, token.start)
  if (line.trim() !== '' || !STATEMENT_WORDS.includes(token.upper)) cursor.failAtEnd()
  return new MillraceError('SQL_SYNTAX', `expected ";" before "${token.text}"`, {
    span: { start: token.start, end: token.end },
  })
}
