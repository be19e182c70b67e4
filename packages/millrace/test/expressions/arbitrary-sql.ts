import fc from 'fast-check'

/**
 * Random expressions as SQL text, in the subset that DuckDB means the same by. Where spellings differ, `duck` has DuckDB's. Left out, because
 * the documented rules differ: division by zero (NULL there, an error of the row here; hence NULLIF), quotients of decimals (doubles there),
 * products of products (at most 38 digits there, hence the casts), negative positions in substr (counted from the end there), backslashes in LIKE (no
 * default escape there), casts of text to numbers (rounded there, refused here).
 */
export interface Sql {
  readonly sql: string
  readonly duck: string
}

export type Kind = 'integer' | 'decimal' | 'text' | 'boolean' | 'timestamp' | 'date'

/** Two columns of each kind: i, j and so on. */
export const COLUMNS: Readonly<Record<Kind, readonly [string, string]>> = {
  integer: ['i', 'j'],
  decimal: ['d', 'e'],
  text: ['s', 't'],
  boolean: ['b', 'c'],
  timestamp: ['ts', 'us'],
  date: ['day', 'dae'],
}

type Expression = fc.Arbitrary<Sql>

const same = (sql: string): Sql => ({ sql, duck: sql })
const words = (...list: readonly string[]): Expression => fc.constantFrom(...list.map(same))

/** The pieces put together in both spellings. */
function join(parts: TemplateStringsArray, ...values: readonly Sql[]): Sql {
  const text = (pick: (s: Sql) => string) => parts.map((p, n) => (n === 0 ? p : pick(values[n - 1]!) + p)).join('')
  return { sql: text((v) => v.sql), duck: text((v) => v.duck) }
}

const of = (build: (...args: readonly Sql[]) => Sql, ...args: readonly Expression[]): Expression =>
  fc.tuple(...args).map((values) => build(...values))

const LITERALS: Readonly<Record<Kind, Expression>> = {
  integer: words('0', '1', '2', '-3', '7', '100', 'NULL::BIGINT'),
  decimal: words('0.5', '-1.25', '2.00', '0.0001', '10.0', 'CAST(NULL AS DECIMAL(18, 4))'),
  text: words("''", "'a'", "'ab%'", "'it''s'", "'É_x'", "'Zebra zebra'", 'CAST(NULL AS TEXT)'),
  boolean: words('TRUE', 'FALSE', 'CAST(NULL AS BOOLEAN)'),
  timestamp: words(
    "TIMESTAMP '2024-02-29 12:34:56.789'",
    "TIMESTAMP '1969-12-31 23:59:59.999999'",
    'CAST(NULL AS TIMESTAMP)',
  ),
  date: words("DATE '2024-02-29'", "DATE '2023-12-31'", 'CAST(NULL AS DATE)'),
}

const PATTERNS = words("'%'", "'a%'", "'%a'", "'_'", "'%e%r%'", "'__%'", "''", "'%''%'", "'É%'", "'%_x'")
const UNITS = words("'year'", "'quarter'", "'month'", "'week'", "'day'", "'hour'", "'minute'", "'second'")
const FIELDS = words('year', 'quarter', 'month', 'week', 'day', 'hour', 'minute', 'dow', 'isodow', 'doy', 'isoyear')
const DAY_FIELDS = words('year', 'quarter', 'month', 'week', 'day', 'dow', 'isodow', 'doy', 'isoyear')
const INTERVALS = words(
  "INTERVAL '1 month'",
  "INTERVAL '-13 months'",
  "INTERVAL '1 day'",
  "INTERVAL '36 hours'",
  "INTERVAL '1 year'",
  "INTERVAL '250 milliseconds'",
)
const SMALL = words('0', '1', '2', '3', '5')

/** Expressions of one kind, at most `depth` deep. */
export function expressions(kind: Kind, depth: number): Expression {
  const leaf = fc.oneof({ weight: 3, arbitrary: words(...COLUMNS[kind]) }, { weight: 2, arbitrary: LITERALS[kind] })
  if (depth === 0) return leaf
  const next = (k: Kind) => expressions(k, depth - 1)
  return fc.oneof(
    { weight: 1, arbitrary: leaf },
    { weight: 3, arbitrary: fc.oneof(...OWN[kind](next, depth)) },
    { weight: 1, arbitrary: fc.oneof(...common(kind, next)) },
  )
}

function common(kind: Kind, next: (kind: Kind) => Expression): Expression[] {
  const x = next(kind)
  return [
    of((c, a, b) => join`CASE WHEN ${c!} THEN ${a!} ELSE ${b!} END`, next('boolean'), x, x),
    of(
      (c, a, d, b) => join`CASE WHEN ${c!} THEN ${a!} WHEN ${d!} THEN ${b!} END`,
      next('boolean'),
      x,
      next('boolean'),
      x,
    ),
    of((a, w, b, e) => join`CASE ${a!} WHEN ${w!} THEN ${b!} ELSE ${e!} END`, next('integer'), next('integer'), x, x),
    of((a, b) => join`COALESCE(${a!}, ${b!})`, x, x),
    of((a, b) => join`NULLIF(${a!}, ${b!})`, x, x),
    ...(kind === 'boolean'
      ? []
      : [of((a, b) => join`GREATEST(${a!}, ${b!})`, x, x), of((a, b) => join`LEAST(${a!}, ${b!})`, x, x)]),
  ]
}

type Rules = (next: (kind: Kind) => Expression, depth: number) => Expression[]

const integer: Rules = (next) => {
  const [x, y] = [next('integer'), next('integer')]
  return [
    of((a, b) => join`(${a!} + ${b!})`, x, y),
    of((a, b) => join`(${a!} - ${b!})`, x, y),
    of((a, b) => join`(${a!} * ${b!})`, x, SMALL),
    of((a, b) => ({ sql: `(${a!.sql} / NULLIF(${b!.sql}, 0))`, duck: `(${a!.duck} // NULLIF(${b!.duck}, 0))` }), x, y),
    of((a, b) => join`(${a!} % NULLIF(${b!}, 0))`, x, y),
    of((a) => join`(- ${a!})`, x),
    of((a) => join`ABS(${a!})`, x),
    of((a) => join`LENGTH(${a!})`, next('text')),
    of((a, b) => join`STRPOS(${a!}, ${b!})`, next('text'), next('text')),
    of(
      (a) => join`ASCII(${a!})`,
      LITERALS.text.filter((s) => s.sql !== "''"),
    ),
    of((f, a) => join`CAST(EXTRACT(${f!} FROM ${a!}) AS BIGINT)`, FIELDS, next('timestamp')),
    of((f, a) => join`CAST(EXTRACT(${f!} FROM ${a!}) AS BIGINT)`, DAY_FIELDS, next('date')),
    of((a) => join`CAST(${a!} AS BIGINT)`, next('decimal')),
    of((a) => join`CAST(${a!} AS BIGINT)`, next('boolean')),
    of((a, b) => join`(${a!} - ${b!})`, next('date'), next('date')),
  ]
}

/** DuckDB loses digits of the fraction where decimals of 38 digits and different scales meet. */
function widened({ sql, duck }: Sql): Sql {
  return { sql, duck: `CAST(${duck} AS DECIMAL(38, 8))` }
}

const decimal: Rules = (next, depth) => {
  const [x, y] = [next('decimal'), next('decimal')]
  const factor = expressions('decimal', 0)
  return [
    of((a, b) => join`(${a!} + ${b!})`, x, y),
    of((a, b) => join`(${a!} - ${b!})`, x, y),
    ...(depth > 1 ? [] : [of((a, b) => widened(join`(${a!} * ${b!})`), factor, factor)]),
    of((a) => join`(- ${a!})`, x),
    of((a) => join`ABS(${a!})`, x),
    of((a, n) => widened(join`ROUND(${a!}, ${n!})`), x, words('0', '1', '2', '3')),
    of((a) => widened(join`CEIL(${a!})`), x),
    of((a) => widened(join`FLOOR(${a!})`), x),
    of((a) => join`CAST(${a!} AS DECIMAL(18, 4))`, next('integer')),
    of((a) => join`CAST(${a!} AS DECIMAL(18, 2))`, x),
  ]
}

const text: Rules = (next) => {
  const [x, y] = [next('text'), next('text')]
  return [
    of((a, b) => join`(${a!} || ${b!})`, x, y),
    of((a, b) => join`CONCAT(${a!}, ${b!}, '-')`, x, y),
    of((a) => join`UPPER(${a!})`, x),
    of((a) => join`LOWER(${a!})`, x),
    of((a) => join`REVERSE(${a!})`, x),
    of((a) => join`TRIM(${a!})`, x),
    of((a, b, n) => join`SUBSTR(${a!}, ${b!}, ${n!})`, x, SMALL, SMALL),
    of((a, b) => join`SUBSTRING(${a!}, ${b!})`, x, SMALL),
    of((a, n) => join`LEFT(${a!}, ${n!})`, x, SMALL),
    of((a, n) => join`RIGHT(${a!}, ${n!})`, x, SMALL),
    of((a, n) => join`LPAD(${a!}, ${n!}, '*')`, x, SMALL),
    of((a, n) => join`RPAD(${a!}, ${n!}, 'xy')`, x, SMALL),
    of((a, n) => join`REPEAT(${a!}, ${n!})`, LITERALS.text, SMALL),
    of((a, b) => join`REPLACE(${a!}, 'a', ${b!})`, x, LITERALS.text),
    of((a, n) => join`SPLIT_PART(${a!}, ' ', ${n!})`, x, words('1', '2', '3')),
    of((a) => join`CAST(${a!} AS TEXT)`, next('integer')),
    of((a) => join`CAST(${a!} AS TEXT)`, next('boolean')),
    of((a) => join`CAST(${a!} AS TEXT)`, next('date')),
  ]
}

const COMPARED: readonly Kind[] = ['integer', 'decimal', 'text', 'boolean', 'timestamp', 'date']
const OPERATORS = words('=', '<>', '<', '<=', '>', '>=', 'IS DISTINCT FROM', 'IS NOT DISTINCT FROM')

const boolean: Rules = (next) => {
  const [x, y] = [next('boolean'), next('boolean')]
  return [
    of((a, b) => join`(${a!} AND ${b!})`, x, y),
    of((a, b) => join`(${a!} OR ${b!})`, x, y),
    of((a) => join`(NOT ${a!})`, x),
    ...COMPARED.map((k) => of((a, o, b) => join`(${a!} ${o!} ${b!})`, next(k), OPERATORS, next(k))),
    of((a, o, b) => join`(${a!} ${o!} ${b!})`, next('integer'), OPERATORS, next('decimal')),
    of((a, o, b) => join`(${a!} ${o!} ${b!})`, next('timestamp'), OPERATORS, next('date')),
    ...COMPARED.map((k) => of((a) => join`(${a!} IS NULL)`, next(k))),
    ...COMPARED.map((k) => of((a) => join`(${a!} IS NOT NULL)`, next(k))),
    of((a) => join`(${a!} IS TRUE)`, x),
    of((a) => join`(${a!} IS NOT FALSE)`, x),
    ...COMPARED.map((k) => of((a, b, c) => join`(${a!} IN (${b!}, ${c!}))`, next(k), next(k), next(k))),
    ...COMPARED.map((k) => of((a, b, c) => join`(${a!} NOT IN (${b!}, ${c!}))`, next(k), LITERALS[k], LITERALS[k])),
    ...(['integer', 'decimal', 'text', 'timestamp'] as const).map((k) =>
      of((a, b, c) => join`(${a!} BETWEEN ${b!} AND ${c!})`, next(k), next(k), next(k)),
    ),
    of((a, b, c) => join`(${a!} NOT BETWEEN ${b!} AND ${c!})`, next('integer'), next('integer'), next('integer')),
    of((a, p) => join`(${a!} LIKE ${p!})`, next('text'), PATTERNS),
    of((a, p) => join`(${a!} NOT LIKE ${p!})`, next('text'), PATTERNS),
    of((a, p) => join`(${a!} ILIKE ${p!})`, next('text'), PATTERNS),
    of((a, b) => join`STARTS_WITH(${a!}, ${b!})`, next('text'), next('text')),
  ]
}

const timestamp: Rules = (next) => [
  of((u, a) => join`DATE_TRUNC(${u!}, ${a!})`, UNITS, next('timestamp')),
  of((a, i) => join`(${a!} + ${i!})`, next('timestamp'), INTERVALS),
  of((a, i) => join`(${a!} - ${i!})`, next('timestamp'), INTERVALS),
  of((a) => join`CAST(${a!} AS TIMESTAMP)`, next('date')),
  of((a, i) => join`(${a!} + ${i!})`, next('date'), INTERVALS),
]

const date: Rules = (next) => [
  of((a) => join`CAST(${a!} AS DATE)`, next('timestamp')),
  of((a, n) => join`(${a!} + ${n!})`, next('date'), SMALL),
  of((a, n) => join`(${a!} - ${n!})`, next('date'), SMALL),
]

const OWN: Readonly<Record<Kind, Rules>> = { integer, decimal, text, boolean, timestamp, date }
