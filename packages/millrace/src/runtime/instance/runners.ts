import type { Runner } from './runner.ts'

/** A runner that is wanted. */
export interface Wanted {
  /** Of the object in the catalogue. */
  readonly key: string
  /** With the same text a runner goes on undisturbed. */
  readonly spec: string
  /** Keys of those whose output it reads. */
  readonly after: readonly string[]
  make(): Promise<Runner>
}

interface Running {
  readonly runner: Runner
  readonly spec: string
  readonly after: readonly string[]
}

/** Everything that runs, by the key of its object. */
export class Runners {
  readonly #running = new Map<string, Running>()

  get all(): readonly Runner[] {
    return [...this.#running.values()].map(({ runner }) => runner)
  }

  get(key: string): Runner | undefined {
    return this.#running.get(key)?.runner
  }

  /**
   * Ends what is not wanted, wanted otherwise, or to be `renewed`, readers before what they read. For those that are not wanted nothing
   * has to be kept.
   */
  async retire(wanted: readonly Wanted[], renewed: ReadonlySet<string>): Promise<void> {
    const specs = new Map(wanted.map(({ key, spec }) => [key, spec]))
    const ending = [...this.#running].filter(([key, { spec }]) => specs.get(key) !== spec || renewed.has(key))
    for (const [key, { runner }] of ending.reverse()) {
      await runner.stop({ release: !specs.has(key) })
      this.#running.delete(key)
    }
  }

  /** Starts what is wanted and does not run, each behind what it reads. `failed` is told of those that cannot be made. */
  async start(wanted: readonly Wanted[], failed: (key: string, error: unknown) => void): Promise<void> {
    for (const { key, spec, after, make } of wanted) {
      if (this.#running.has(key)) continue
      try {
        const runner = await make()
        this.#running.set(key, { runner, spec, after })
        await runner.opened
      } catch (error) {
        failed(key, error)
      }
    }
  }

  /**
   * Ends all: what captures have read goes through pipelines and sinks, and only then these end. What takes longer than `drainMs` ends
   * where it is. `waiting` holds what has not ended yet.
   */
  async stop(drainMs: number, waiting: Set<string>): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const enough = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, drainMs)
    })
    const ended = new Map<string, Promise<void>>()
    const end = (key: string): Promise<void> => {
      const known = ended.get(key)
      if (known !== undefined) return known
      const { runner, after } = this.#running.get(key)!
      const before = after.filter((other) => this.#running.has(other)).map(end)
      const work = (async () => {
        waiting.add(runner.what)
        await Promise.all(before)
        await Promise.race([runner.drain(), enough])
        await runner.stop()
        waiting.delete(runner.what)
      })()
      ended.set(key, work)
      return work
    }
    await Promise.all([...this.#running.keys()].map(end))
    clearTimeout(timer)
    this.#running.clear()
  }
}
