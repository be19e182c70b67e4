import { jsonFault, MillraceError, skipJsonSpace, skipJsonValue } from '../../kernel/index.ts'

/**
 * The messages to send after connecting. `option` is `subscription_messages` (a list, or one text: a JSON array of messages or one message
 * as it is), `single` is `subscription_message` (one message as it is).
 *
 * Items of an array that are strings are sent as their contents, others as they are written. An array whose backslashes were lost on
 * the way (`["{"op":"x"}"]`) is understood, too.
 *
 * @throws MillraceError CONFIG_INVALID with the place of the fault
 */
export function subscriptionMessages(
  option: string | readonly string[] | undefined,
  single: string | undefined,
): readonly string[] {
  if (single !== undefined) {
    if (option !== undefined) {
      throw new MillraceError('CONFIG_INVALID', '"subscription_message" and "subscription_messages" are both given', {
        hint: 'Put all messages into "subscription_messages".',
      })
    }
    return [single]
  }
  if (option === undefined) return []
  if (typeof option !== 'string') return option
  if (!option.trimStart().startsWith('[')) return [option]
  return parseArray(option) ?? parseUnescaped(option) ?? fail(option)
}

function parseArray(text: string): string[] | undefined {
  const bytes = Buffer.from(text)
  const end = bytes.length
  if (jsonFault(bytes, 0, end) !== null) return undefined
  const items: string[] = []
  let i = skipJsonSpace(bytes, skipJsonSpace(bytes, 0, end) + 1, end)
  while (bytes[i] !== CLOSE_BRACKET) {
    const next = skipJsonValue(bytes, i, end, 1)
    const item = bytes.toString('utf8', i, next)
    items.push(bytes[i] === QUOTE ? (JSON.parse(item) as string) : item)
    i = skipJsonSpace(bytes, next, end)
    if (bytes[i] === COMMA) i = skipJsonSpace(bytes, i + 1, end)
  }
  return items
}

const QUOTE = 0x22
const COMMA = 0x2c
const CLOSE_BRACKET = 0x5d

/** `["{...}", "{...}"]` with bare quotes inside: an item ends at the first `}"` that makes it JSON. */
function parseUnescaped(text: string): string[] | undefined {
  const inner = /^\s*\[([\s\S]*)\]\s*$/.exec(text)?.[1]
  if (inner === undefined) return undefined
  const items: string[] = []
  let rest = inner.trim()
  while (rest !== '') {
    const item = leadingItem(rest)
    if (item === undefined) return undefined
    items.push(item)
    rest = rest.slice(item.length + 2).trimStart()
    if (rest.startsWith(',')) rest = rest.slice(1).trimStart()
    else if (rest !== '') return undefined
  }
  return items
}

function leadingItem(text: string): string | undefined {
  if (!/^"\s*[{[]/.test(text)) return undefined
  for (const close of text.matchAll(/[}\]]\s*"(?=\s*(?:,|$))/g)) {
    const item = text.slice(1, close.index + close[0].length - 1)
    const bytes = Buffer.from(item)
    if (jsonFault(bytes, 0, bytes.length) === null) return item
  }
  return undefined
}

function fail(text: string): never {
  const bytes = Buffer.from(text)
  throw new MillraceError(
    'CONFIG_INVALID',
    `"subscription_messages" starts like a JSON array but is none: ${jsonFault(bytes, 0, bytes.length)}`,
    {
      hint: 'Write a JSON array of texts, like ["{\\"op\\":\\"subscribe\\"}"], or number the messages: "subscription_messages.0" and so on.',
    },
  )
}
