import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const SRC = fileURLToPath(new URL('../../src', import.meta.url))

/** The compiler's project references are the list of who may import whom; this checks what the compiler does not. */
const layers = new Map(
  readdirSync(SRC)
    .filter((name) => existsSync(join(SRC, name, 'tsconfig.json')))
    .map((name) => {
      const config = JSON.parse(readFileSync(join(SRC, name, 'tsconfig.json'), 'utf8')) as {
        references: { path: string }[]
      }
      return [name, config.references.map((r) => r.path.replace('../', ''))] as const
    }),
)

const IMPORT = /^(?:import|export)\s[^'";]*?\bfrom '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm

interface Import {
  readonly file: string
  readonly target: string
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter(
  (f) => f.endsWith('.ts') && !f.endsWith('.test.ts'),
)

const imports: readonly Import[] = files.flatMap((file) => {
  const text = readFileSync(join(SRC, file), 'utf8')
  return [...text.matchAll(IMPORT)].map((m) => ({ file, target: m[1] ?? m[2] ?? m[3]! }))
})

const layerOf = (file: string): string => file.split(sep)[0]!

const crossing = imports
  .filter(({ target }) => target.startsWith('.'))
  .map(({ file, target }) => ({ file, target: relative(SRC, resolve(SRC, dirname(file), target)) }))
  .filter(({ file, target }) => layers.has(layerOf(file)) && layerOf(file) !== layerOf(target))

const shown = ({ file, target }: Import): string => `${file} -> ${target}`

describe('walls', () => {
  it('are known', () => {
    expect([...layers.keys()].length).toBeGreaterThan(8)
    expect(crossing.length).toBeGreaterThan(50)
  })

  it('let a layer import only its references', () => {
    expect(
      crossing.filter(({ file, target }) => !layers.get(layerOf(file))!.includes(layerOf(target))).map(shown),
    ).toEqual([])
  })

  it('let a layer import only the public face of another', () => {
    const faces = /^[^/\\]+[/\\](index\.ts|recording[/\\]index\.ts)$/
    expect(crossing.filter(({ target }) => !faces.test(target)).map(shown)).toEqual([])
  })

  it('keep the outside world away from sql, plan and engine', () => {
    const pure = new Set(['sql', 'plan', 'engine'])
    // These compute and touch nothing; node:module is how the regular expressions are loaded when first used.
    const harmless = new Set(['node:crypto', 'node:module', 're2-wasm'])
    const impure = imports.filter(
      ({ file, target }) => pure.has(layerOf(file)) && !target.startsWith('.') && !harmless.has(target),
    )
    expect(impure.map(shown)).toEqual([])
    const clocks = files
      .filter((f) => pure.has(layerOf(f)))
      .filter((f) =>
        /\b(Date\.now|new Date\(\)|performance\.now|setTimeout|setInterval|setImmediate|Math\.random)\b/.test(
          readFileSync(join(SRC, f), 'utf8'),
        ),
      )
    expect(clocks).toEqual([])
  })

  it('keep third-party packages at the leaves', () => {
    const allowed = new Map([
      ['zod', ['kernel', 'formats', 'framing', 'connectors']],
      ['ws', ['wire', 'runtime', 'connectors']],
      ['commander', ['cli']],
      ['lmdb', ['log']],
      ['prom-client', ['server']],
      ['re2-wasm', ['engine']],
    ])
    const strays = imports.filter(({ file, target }) => {
      if (target.startsWith('.') || target.startsWith('node:')) return false
      return !(allowed.get(target)?.includes(layerOf(file)) ?? false)
    })
    expect(strays.map(shown)).toEqual([])
  })
})
