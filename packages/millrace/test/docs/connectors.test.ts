import { describe, expect, it } from 'vitest'
import { type ConnectorDefinition, CONNECTORS, describeTable } from '../../src/connectors/index.ts'
import { functionCatalog } from '../../src/engine/index.ts'
import type { ErrorCode } from '../../src/kernel/index.ts'
import { parseScript, planScript } from '../../src/sql/index.ts'

/** What is wrong with a declaration; no query reads or writes its table. */
function errorsOf(sql: string, topics: boolean): readonly (readonly [ErrorCode, string])[] {
  const { statements, errors } = parseScript(sql)
  const planned = planScript(statements, { functions: functionCatalog, describeTable }, { topics, partial: true })
  return [...errors, ...planned.errors].map(({ code, message }) => [code, message])
}

const examples = CONNECTORS.flatMap((connector: ConnectorDefinition) =>
  connector.examples.map(({ title, sql }) => ({
    name: `${connector.name}: ${title}`,
    sql,
    needsLog: connector.topic !== undefined,
  })),
)

describe('examples of connectors plan', () => {
  it.each(examples)('$name', ({ sql, needsLog }) => {
    expect(errorsOf(sql, true)).toEqual([])
    if (!needsLog) expect(errorsOf(sql, false)).toEqual([])
    else expect(errorsOf(sql, false)).toEqual([['CONFIG_OPTION_INVALID', expect.stringContaining('there is no log')]])
  })
})
