import { describe, expect, it } from 'vitest'
import { FUNCTION_FAMILIES, scalarFunction } from '../../src/engine/functions/registry.ts'
import { evaluateText } from './evaluate.ts'

const functions = FUNCTION_FAMILIES.flatMap((family) => family.functions)

describe('examples of functions', () => {
  it.each(functions.flatMap((f) => f.examples.map((e) => [f.name, e.sql, e.result] as const)))(
    '%s: %s is %s',
    (_, sql, result) => {
      for (const codegen of [true, false]) {
        const text = evaluateText(sql, codegen)
        if (result === 'error') expect(text).toMatch(/^error: /)
        else expect(text).toBe(result)
      }
    },
  )
})

describe('the registry', () => {
  it('has a documentation line and an example for every function', () => {
    for (const f of functions) {
      expect(f.doc, f.name).toMatch(/^[-A-Z0-9].*[.]$/)
      expect(f.examples.length, f.name).toBeGreaterThan(0)
    }
  })

  it('gives every name to one function', () => {
    const names = functions.flatMap((f) => [f.name, ...f.aliases])
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([])
    for (const name of names) expect(scalarFunction(name.toUpperCase())).toBeDefined()
  })
})
