import { createHash } from 'node:crypto'
import { BYTEA, type DataType, joinKeys, keyOf, TEXT, type Value } from '../../kernel/index.ts'
import { decodeUtf8 } from '../expressions/casts/to-text.ts'
import { example, type Implementation, rowError, scalar, type ScalarFunction, shown } from './definition.ts'
import { ANY, overloads } from './signature.ts'

type Encoding = 'hex' | 'base64' | 'base64url'

function encodingOf(name: string): Encoding {
  const encoding = name.toLowerCase()
  if (encoding === 'hex' || encoding === 'base64' || encoding === 'base64url') return encoding
  throw rowError(`there is no encoding ${shown(name)}`, 'Encodings are hex, base64 and base64url.')
}

function decode(text: string, encoding: Encoding): Uint8Array {
  const compact = text.replace(/\s/g, '')
  const valid =
    encoding === 'hex'
      ? compact.length % 2 === 0 && /^[0-9a-f]*$/i.test(compact)
      : encoding === 'base64'
        ? /^[A-Za-z0-9+/]*={0,2}$/.test(compact)
        : /^[A-Za-z0-9_-]*={0,2}$/.test(compact)
  if (!valid) throw rowError(`${shown(text)} is not ${encoding}`)
  return new Uint8Array(Buffer.from(compact, encoding))
}

const bytesOrText = (returns: DataType) => overloads({ args: [BYTEA], returns }, { args: [TEXT], returns })

function bytesOf(value: Value): Uint8Array | string {
  return value as Uint8Array | string
}

function hashFunction(name: string, algorithm: string, doc: string, sample: string): ScalarFunction {
  return scalar(name, {
    doc,
    examples: [example(`left(${name}('abc'), 16)`, sample)],
    resolve: bytesOrText(TEXT),
    implement:
      (): Implementation =>
      ([a]) =>
        createHash(algorithm).update(bytesOf(a!)).digest('hex'),
  })
}

const DIGESTS = new Set(['md5', 'sha224', 'sha256', 'sha384', 'sha512'])

export const BINARY: readonly ScalarFunction[] = [
  hashFunction('md5', 'md5', 'The MD5 hash in hexadecimal.', '900150983cd24fb0'),
  hashFunction('sha224', 'sha224', 'The SHA-224 hash in hexadecimal.', '23097d223405d822'),
  hashFunction('sha256', 'sha256', 'The SHA-256 hash in hexadecimal.', 'ba7816bf8f01cfea'),
  hashFunction('sha384', 'sha384', 'The SHA-384 hash in hexadecimal.', 'cb00753f45a35e8b'),
  hashFunction('sha512', 'sha512', 'The SHA-512 hash in hexadecimal.', 'ddaf35a193617aba'),
  scalar('digest', {
    doc: 'The hash of a text or of bytes by a named algorithm (md5, sha224, sha256, sha384, sha512), as bytes.',
    examples: [example("left(encode(digest('abc', 'sha256'), 'hex'), 8)", 'ba7816bf')],
    resolve: overloads({ args: [BYTEA, TEXT], returns: BYTEA }, { args: [TEXT, TEXT], returns: BYTEA }),
    implement:
      () =>
      ([value, name]) => {
        const algorithm = (name as string).toLowerCase()
        if (!DIGESTS.has(algorithm))
          throw rowError(`there is no hash ${shown(name as string)}`, `Hashes are ${[...DIGESTS].join(', ')}.`)
        return new Uint8Array(createHash(algorithm).update(bytesOf(value!)).digest())
      },
  }),
  scalar('multi_hash', {
    doc: 'A hash of 128 bits of all arguments, NULLs included, as bytes: equal for equal arguments of equal types.',
    examples: [
      example("encode(multi_hash('a', 1), 'hex') = encode(multi_hash('a', 1), 'hex')", 'true'),
      example("encode(multi_hash('ab', NULL), 'hex') = encode(multi_hash('a', 'b'), 'hex')", 'false'),
    ],
    strict: false,
    resolve: overloads({ args: [ANY], rest: ANY, returns: BYTEA }),
    implement: (types) => (args) => {
      const key = joinKeys(args.map((value, i) => keyOf(types[i]!, value)))
      return new Uint8Array(createHash('sha256').update(key).digest().subarray(0, 16))
    },
  }),
  scalar('base64', {
    doc: 'A text in UTF-8, or bytes, in base64.',
    examples: [example("base64('abc')", 'YWJj')],
    resolve: bytesOrText(TEXT),
    implement:
      () =>
      ([value]) =>
        Buffer.from(bytesOf(value!)).toString('base64'),
  }),
  scalar('decode64', {
    doc: 'The text that a text in base64 stands for.',
    examples: [example("decode64('YWJj')", 'abc'), example("decode64('?')", 'error')],
    resolve: overloads({ args: [TEXT], returns: TEXT }),
    implement:
      () =>
      ([text]) =>
        decodeUtf8(decode(text as string, 'base64')),
  }),
  scalar('encode', {
    doc: 'Bytes, or a text in UTF-8, as text in hex, base64 or base64url.',
    examples: [example("encode('abc', 'hex')", '616263'), example("encode('abc', 'base64')", 'YWJj')],
    resolve: overloads({ args: [BYTEA, TEXT], returns: TEXT }, { args: [TEXT, TEXT], returns: TEXT }),
    implement:
      () =>
      ([value, name]) =>
        Buffer.from(value as Uint8Array).toString(encodingOf(name as string)),
  }),
  scalar('decode', {
    doc: 'The bytes that a text in hex, base64 or base64url stands for.',
    examples: [example("from_utf8(decode('YWJj', 'base64'))", 'abc'), example("decode('xyz', 'hex')", 'error')],
    resolve: overloads({ args: [TEXT, TEXT], returns: BYTEA }),
    implement:
      () =>
      ([text, name]) =>
        decode(text as string, encodingOf(name as string)),
  }),
  scalar('from_utf8', {
    doc: 'Bytes read as UTF-8 text.',
    examples: [example("from_utf8(decode('c3a9', 'hex'))", 'é'), example("from_utf8(decode('ff', 'hex'))", 'error')],
    resolve: overloads({ args: [BYTEA], returns: TEXT }),
    implement:
      () =>
      ([bytes]) =>
        decodeUtf8(bytes as Uint8Array),
  }),
  scalar('to_utf8', {
    doc: 'The bytes of a text in UTF-8.',
    examples: [example("encode(to_utf8('é'), 'hex')", 'c3a9')],
    resolve: overloads({ args: [TEXT], returns: BYTEA }),
    implement:
      () =>
      ([text]) =>
        new TextEncoder().encode(text as string),
  }),
  scalar('uuid', {
    aliases: ['gen_random_uuid'],
    doc: 'A random UUID (version 4), the same again when a query is replayed.',
    examples: [example('length(uuid())', '36')],
    volatile: true,
    resolve: overloads({ args: [], returns: TEXT }),
    implement: () => (_, step) => uuid(() => step.random()),
  }),
]

function uuid(random: () => number): string {
  return 'xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx'.replace(/[xy]/g, (c) => {
    const digit = Math.floor(random() * 16)
    return (c === 'x' ? digit : (digit & 3) | 8).toString(16)
  })
}
