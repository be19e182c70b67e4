import { describe, expect, it } from 'vitest'
import { BIGINT, type OptionValue, TEXT, type TableDescription } from '../../kernel/index.ts'
import { describeTable } from '../describe-table.ts'
import { resolveTable } from '../table-options.ts'

function described(options: Readonly<Record<string, OptionValue>>): TableDescription {
  return describeTable({
    name: 't',
    options: Object.entries(options).map(([key, value]) => ({ key, value })),
    columns: [
      { name: 'k', type: TEXT, nullable: false },
      { name: 'v', type: BIGINT, nullable: true },
    ],
    span: { start: 0, end: 0 },
  })
}

const messages = (options: Readonly<Record<string, OptionValue>>) => described(options).errors.map((e) => e.message)

describe('connector topic', () => {
  it('is a topic that is read and written, appended to unless it says otherwise', () => {
    expect(described({ connector: 'topic' })).toMatchObject({
      errors: [],
      topic: true,
      captured: false,
      changelog: null,
      acceptsChangelog: false,
      canRead: true,
      canWrite: true,
      bounded: false,
      delivery: 'exactly_once',
    })
    expect(described({ connector: 'topic', changelog: 'append' })).toMatchObject({
      changelog: null,
      acceptsChangelog: false,
    })
    expect(described({ connector: 'topic', changelog: 'weights' })).toMatchObject({
      changelog: 'weights',
      acceptsChangelog: true,
    })
    expect(described({ connector: 'topic', changelog: 'upsert' })).toMatchObject({
      changelog: 'upsert',
      acceptsChangelog: true,
    })
    expect([...described({ connector: 'topic' }).metadata.keys()]).toEqual(['partition', 'key', 'watermark'])
  })

  it('reads how much is kept', () => {
    const { common, connectorOptions, format } = resolveTable(
      { connector: 'topic', topic: 'a/b', partitions: 4, retention: '7 days', retention_bytes: '2 GiB' },
      't',
    )
    expect(format.name).toBe('json')
    expect(connectorOptions).toEqual({ topic: 'a/b', partitions: 4, changelog: 'append' })
    expect(common).toMatchObject({ retention: 7 * 86_400e6, retention_bytes: 2 * 1024 ** 3 })
  })

  it('refuses what no topic can be', () => {
    expect(messages({ connector: 'topic', changelog: 'sometimes' })).toHaveLength(1)
    expect(messages({ connector: 'topic', partitions: 0 })).toHaveLength(1)
    expect(messages({ connector: 'topic', retention: 'none' })).toEqual([
      `option "retention" of connector "topic": 'none' has no meaning`,
    ])
    expect(messages({ connector: 'topic', changelog: 'upsert', format: 'raw_string' })).toContain(
      `changelog = 'upsert' needs columns in format "json"`,
    )
  })
})

describe('tables of the outside', () => {
  it('are captured unless they keep nothing or are only written', () => {
    const websocket = { connector: 'websocket', endpoint: 'wss://x.example/y', format: 'json' }
    expect(described(websocket)).toMatchObject({
      topic: false,
      captured: true,
      changelog: null,
      delivery: 'at_most_once',
    })
    expect(described({ ...websocket, retention: 'none' })).toMatchObject({ errors: [], captured: false })
    expect(described({ connector: 'stdout' })).toMatchObject({
      topic: false,
      captured: false,
      delivery: 'at_least_once',
    })
    expect(described({ connector: 'blackhole' }).acceptsChangelog).toBe(true)
  })

  it('keep no bytes of what is not kept', () => {
    const table = { connector: 'simulator', retention: 'none', retention_bytes: '1 GiB' }
    expect(messages(table)).toContain(`option "retention_bytes" has no meaning with retention = 'none'`)
  })
})
