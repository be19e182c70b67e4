import { setImmediate } from 'node:timers/promises'
import { MillraceError } from '../../kernel/index.ts'
import type { Appended, Commit, Log } from '../../log/index.ts'

export interface CommitWindowOptions {
  readonly log: Log
  readonly commits: number
  readonly bytes: number
  /** A commit was refused: nothing more goes out. */
  readonly failed: () => void
}

/** Commits under way, bounded and in order. After one was refused none follows, so what the log has is a prefix of what it was given. */
export class CommitWindow {
  bytes = 0
  readonly #options: CommitWindowOptions
  readonly #underWay = new Set<Promise<void>>()
  #failure: MillraceError | null = null
  #wake: () => void = () => undefined

  constructor(options: CommitWindowOptions) {
    this.#options = options
  }

  /** Resolves when there is room for another commit. @throws MillraceError why a commit was refused. */
  async room(): Promise<void> {
    for (;;) {
      this.check()
      if (this.#underWay.size < this.#options.commits && this.bytes < this.#options.bytes) return
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  check(): void {
    if (this.#failure !== null) throw this.#failure
  }

  /** Something else has failed: nothing more goes out either. */
  fail(error: unknown): void {
    if (this.#failure !== null) return
    this.#failure = MillraceError.from(error)
    this.#wake()
    this.#options.failed()
  }

  /** Resolves when the commit is on its way; `landed` is called once it is durable. `bytes`: about how large it is. */
  async submit(commit: Commit, bytes: number, landed: (appended: readonly Appended[]) => void): Promise<void> {
    // The answers of all that has been answered so far arrive before: a commit made between a refusal and its arrival would be kept.
    await setImmediate()
    this.check()
    this.bytes += bytes
    const answered = this.#options.log
      .commit(commit)
      .then(landed)
      .catch((error: unknown) => this.fail(error))
      .finally(() => {
        this.bytes -= bytes
        this.#underWay.delete(answered)
        this.#wake()
      })
    this.#underWay.add(answered)
  }

  /** Resolves when every commit so far has been answered, whatever the answer. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay)
  }

  /** Resolves when every commit so far is durable. */
  async durable(): Promise<void> {
    await this.settled()
    this.check()
  }
}
