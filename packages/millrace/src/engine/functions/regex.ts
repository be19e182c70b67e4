import { arrayOf, BIGINT, BOOLEAN, type DataType, TEXT, type Value } from '../../kernel/index.ts'
import { checkTextLength } from './code-points.ts'
import { example, type FunctionExample, rowError, scalar, type ScalarFunction, shown } from './definition.ts'
import { compileRegex, matches, type Regex, type RegexMatch } from './regex-engine.ts'
import { overloads } from './signature.ts'

/** Compiles a call's pattern and flags, anew only when they change. `extra` flags are the function's own. */
function patternOf(
  extra: string,
): (pattern: Value, flags: Value | undefined) => { readonly regex: Regex; readonly own: string } {
  let lastPattern: Value | undefined
  let lastFlags: Value | undefined
  let last: { readonly regex: Regex; readonly own: string } | undefined
  return (pattern, flags) => {
    if (last === undefined || pattern !== lastPattern || flags !== lastFlags) {
      const given = (flags as string | undefined) ?? ''
      for (const flag of given) {
        if (!`ims${extra}`.includes(flag)) throw rowError(`there is no regular expression flag ${shown(flag)} here`)
      }
      const own = [...given].filter((f) => extra.includes(f)).join('')
      const regexFlags = [...new Set(given)]
        .filter((f) => !extra.includes(f))
        .sort()
        .join('')
      last = { regex: compileRegex(pattern as string, regexFlags), own }
      lastPattern = pattern
      lastFlags = flags
    }
    return last
  }
}

function regexFunction(
  name: string,
  doc: string,
  examples: readonly FunctionExample[],
  returns: DataType,
  run: (regex: Regex, text: string) => Value,
  aliases: readonly string[] = [],
): ScalarFunction {
  return scalar(name, {
    aliases,
    doc,
    examples,
    resolve: overloads({ args: [TEXT, TEXT, TEXT], optional: 1, returns }),
    implement: () => {
      const compiled = patternOf('')
      return ([text, pattern, flags]) => run(compiled(pattern!, flags).regex, text as string)
    },
  })
}

function firstGroups(regex: Regex, text: string): Value {
  const found = regex.match(text, 0)
  return found === undefined ? null : groupsOf(regex, found)
}

function groupsOf(regex: Regex, found: RegexMatch): Value {
  return regex.groupCount === 0 ? [found.groups[0]!] : found.groups.slice(1).map((g) => g ?? null)
}

/** `\1` to `\9` are groups, `\&` the match, `\\` a backslash. */
function replacementOf(template: string): (found: RegexMatch) => string {
  const parts = template.split(/(\\[0-9&\\])/)
  return (found) => parts.map((part, i) => (i % 2 === 0 ? part : expansion(part[1]!, found))).join('')
}

function expansion(code: string, found: RegexMatch): string {
  if (code === '\\') return '\\'
  return found.groups[code === '&' ? 0 : Number(code)] ?? ''
}

function replace(regex: Regex, text: string, template: string, all: boolean): string {
  const expand = replacementOf(template)
  let result = ''
  let at = 0
  for (const found of matches(regex, text)) {
    result += text.slice(at, found.start) + expand(found)
    checkTextLength(result.length)
    at = found.end
    if (!all) break
  }
  return result + text.slice(at)
}

export const REGEX: readonly ScalarFunction[] = [
  regexFunction(
    'regexp_like',
    'Whether a regular expression (RE2 syntax) matches somewhere in a text: the operator ~. Flags: i, m, s.',
    [
      example("regexp_like('BTC-USD', '^[A-Z]+-USD$')", 'true'),
      example("'btc' ~ '(a+)+$'", 'false'),
      example("regexp_like('BTC', 'btc', 'i')", 'true'),
    ],
    BOOLEAN,
    (regex, text) => regex.test(text),
    ['regexp_matches'],
  ),
  regexFunction(
    'regexp_match',
    'The groups of the first match as an array, or the whole match if there are no groups; NULL if there is none.',
    [example("regexp_match('BTC-USD', '(.+)-(.+)')", '["BTC","USD"]'), example("regexp_match('abc', 'x')", 'NULL')],
    arrayOf(TEXT),
    firstGroups,
    ['regexp', 'regex'],
  ),
  regexFunction(
    'regex_matches',
    'The groups of every match, or the whole match where there are no groups: an array of arrays.',
    [
      example("regex_matches('a1 b2', '([a-z])([0-9])')", '[["a","1"],["b","2"]]'),
      example("regex_matches('abc', 'x')", '[]'),
    ],
    arrayOf(arrayOf(TEXT)),
    (regex, text) => [...matches(regex, text)].map((found) => groupsOf(regex, found)),
  ),
  regexFunction(
    'regexp_count',
    'The number of matches that do not overlap.',
    [example("regexp_count('a1b22c', '[0-9]+')", '2')],
    BIGINT,
    (regex, text) => [...matches(regex, text)].length,
  ),
  scalar('regexp_extract', {
    aliases: ['regexp_substr'],
    doc: 'The first match, or one of its groups by number; NULL if there is none.',
    examples: [
      example("regexp_extract('order 42 of 99', '[0-9]+')", '42'),
      example("regexp_extract('k=v', '(.)=(.)', 2)", 'v'),
    ],
    resolve: overloads({ args: [TEXT, TEXT, BIGINT], optional: 1, returns: TEXT }),
    implement: () => {
      const compiled = patternOf('')
      return ([text, pattern, group]) => {
        const { regex } = compiled(pattern!, undefined)
        const index = group === undefined ? 0 : Number(group)
        if (index < 0 || index > regex.groupCount) throw rowError(`the regular expression has no group ${index}`)
        return regex.match(text as string, 0)?.groups[index] ?? null
      }
    },
  }),
  scalar('regexp_replace', {
    doc: 'The text with the first match replaced, with flag g all of them; \\1 stands for a group, \\& for the match.',
    examples: [
      example("regexp_replace('a1b22', '[0-9]+', '<\\&>', 'g')", 'a<1>b<22>'),
      example("regexp_replace('BTC-USD', '(.+)-(.+)', '\\2/\\1')", 'USD/BTC'),
    ],
    resolve: overloads({ args: [TEXT, TEXT, TEXT, TEXT], optional: 1, returns: TEXT }),
    implement: () => {
      const compiled = patternOf('g')
      return ([text, pattern, template, flags]) => {
        const { regex, own } = compiled(pattern!, flags)
        return replace(regex, text as string, template as string, own.includes('g'))
      }
    },
  }),
]
