import { describe, expect, it } from 'vitest'
import {
  batchOf,
  BYTEA,
  INT,
  JSON_TYPE,
  MillraceError,
  parseOptions,
  schemaOf,
  TEXT,
  valueAt,
} from '../kernel/index.ts'
import { findFormat, FORMATS } from './index.ts'

const field = (name: string, type: typeof TEXT) => ({ name, type, nullable: true })

describe('formats', () => {
  it('are found by name and alias', () => {
    expect(['json', 'raw_string', 'raw', 'raw_bytes'].map((n) => findFormat(n).name)).toEqual([
      'json',
      'raw_string',
      'raw_string',
      'raw_bytes',
    ])
  })

  it('have distinct names and say what they are', () => {
    const names = FORMATS.flatMap((f) => [f.name, ...f.aliases])
    expect(new Set(names).size).toBe(names.length)
    for (const format of FORMATS) {
      expect(format.summary).toMatch(/\.$/)
      for (const [key, option] of Object.entries(format.options.shape)) {
        expect(key.startsWith(`${format.name}.`)).toBe(true)
        expect((option as { description?: string }).description).toMatch(/\.$/)
      }
    }
  })

  it('suggest the nearest name', () => {
    const error = (() => {
      try {
        return findFormat('jsn')
      } catch (thrown) {
        return thrown
      }
    })()
    expect(error).toBeInstanceOf(MillraceError)
    expect(error).toMatchObject({
      code: 'CONFIG_FORMAT_UNKNOWN',
      message: 'there is no format "jsn"',
      hint: 'Did you mean "json"?',
    })
  })

  it('refuse options and columns they cannot serve', () => {
    const json = findFormat('json')
    const errors = (options: Record<string, string | boolean>) =>
      parseOptions(
        json.options,
        Object.entries(options).map(([key, value]) => ({ key, value })),
        'format "json"',
      ).errors.map((e) => e.message)
    expect(errors({ 'json.timestamp_format': 'unix_millis', 'json.include_schema': 'false' })).toEqual([])
    expect(errors({ 'json.timestamp_format': 'iso' })).toEqual([
      expect.stringContaining('"iso" is no timestamp format'),
    ])
    expect(errors({ 'json.include_schema': true })).toEqual([expect.stringContaining('schemas inside records')])
    expect(errors({ 'json.confluent_schema_registry': 'yes' })).toEqual([expect.stringContaining('schema registries')])
    const unstructured = parseOptions(json.options, [{ key: 'json.unstructured', value: true }], 'format "json"').value
    expect(json.checkSchema([field('value', JSON_TYPE)], unstructured)).toEqual([])
    expect(json.checkSchema([field('value', TEXT)], unstructured)).toHaveLength(1)
    expect(findFormat('raw').checkSchema([field('value', TEXT)], {})).toEqual([])
    expect(findFormat('raw').checkSchema([field('v', TEXT)], {})).toHaveLength(1)
    expect(findFormat('raw_bytes').checkSchema([field('value', BYTEA), field('n', INT)], {})).toHaveLength(1)
  })

  it('keep raw records as they are', () => {
    const bytes = Buffer.from('..ähm')
    const text = findFormat('raw_string').decoder([field('value', TEXT)], {}, { codegen: true })
    expect(text.decode(bytes, 2, bytes.length)).toBe(1)
    expect(text.decode(bytes, 3, bytes.length)).toBe(-1)
    expect(text.bad).toEqual({ reason: 'invalid', message: 'record is no well-formed UTF-8' })
    expect(text.decode(bytes, 0, 0)).toBe(1)
    const [texts] = text.take()
    expect([valueAt(texts!, 0), valueAt(texts!, 1)]).toEqual(['ähm', ''])

    const raw = findFormat('raw_bytes').decoder([field('value', BYTEA)], {}, { codegen: true })
    raw.decode(bytes, 3, bytes.length)
    bytes.fill(0)
    expect(valueAt(raw.take()[0]!, 0)).toEqual(new Uint8Array([0xa4, 0x68, 0x6d]))
  })

  it('write raw records as they are', () => {
    const schema = schemaOf(['value', TEXT])
    const { bytes, offsets } = findFormat('raw')
      .encoder(schema, {})
      .encode(batchOf(schema, [['ä'], [null], ['x']]), Buffer.from('\n'))
    expect(Buffer.from(bytes).toString()).toBe('ä\n\nx\n')
    expect([...offsets]).toEqual([0, 3, 4, 6])
  })
})
