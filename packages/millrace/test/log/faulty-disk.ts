import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll } from 'vitest'
import { linesOf, temporaryDirectory } from './temporary-log.ts'

const SOURCE = fileURLToPath(new URL('disk-faults.c', import.meta.url))

export const EIO = 5
export const ENOSPC = 28

/** What may go wrong with which calls: see `disk-faults.c`; 0 is a short write. */
export const FAULTS = [
  ['data', EIO],
  ['data', ENOSPC],
  ['data', 0],
  ['sync', EIO],
  ['sync', ENOSPC],
  ['meta', EIO],
  ['meta', ENOSPC],
  ['meta', 0],
] as const

/** Builds the library that makes a disk fail, once for the tests of a file. */
export class FaultyDisk {
  #library: string | null = null

  constructor() {
    const builds = mkdtempSync(join(tmpdir(), 'millrace-faults-'))
    afterAll(() => rmSync(builds, { recursive: true, force: true }))
    beforeAll(() => {
      if (process.platform !== 'linux') return
      const built = join(builds, 'disk-faults.so')
      const { status } = spawnSync('cc', ['-shared', '-fPIC', '-O1', '-o', built, SOURCE, '-ldl'], { stdio: 'inherit' })
      if (status === 0) this.#library = built
    })
  }

  /** Why there is none, or null. */
  get missing(): string | null {
    if (this.#library !== null) return null
    return process.platform === 'linux' ? 'no C compiler' : 'the preloaded library is for Linux'
  }

  /** Runs a script to its end; what the calls of its process trace comes behind what the script writes to `trace`. */
  async run(script: string, args: readonly string[], environment: Readonly<Record<string, string>>): Promise<void> {
    const child = spawn(process.execPath, [script, ...args], {
      stdio: ['ignore', 'ignore', 'ignore'],
      env: { ...process.env, LD_PRELOAD: this.#library!, ...environment },
    })
    await once(child, 'exit')
  }

  /**
   * Runs a script for n = 1, 2, ... in a directory of its own, with "kind:n:what" as its last argument, until the n-th call is beyond its
   * end. `check` gets the lines of its trace.
   */
  async runForEveryCall(
    [kind, what]: (typeof FAULTS)[number],
    script: string,
    args: readonly string[],
    check: (directory: string, lines: readonly string[][], failed: boolean) => Promise<void>,
  ): Promise<number> {
    for (let n = 1; ; n++) {
      const directory = temporaryDirectory()
      const [store, trace, arm] = ['store', 'trace', 'arm'].map((name) => join(directory, name)) as [
        string,
        string,
        string,
      ]
      await this.run(script, [store, trace, ...args, arm, `${kind}:${n}:${what}`], {
        FAULTS_ARM: arm,
        FAULTS_TRACE: trace,
      })
      const lines = linesOf(trace)
      const failed = lines.some(([, event]) => event === 'failed')
      await check(store, lines, failed)
      if (!failed) return n - 1
    }
  }
}
