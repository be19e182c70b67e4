/** What runs for an object of the catalogue. Nothing it does throws: it says its errors to the events it was made with. */
export interface Runner {
  /** For messages: `the capture of table "t"`. */
  readonly what: string
  /** It has ended with an error that waiting does not mend. */
  readonly hasFailed: boolean
  /** Resolves when those that read what it writes can be started. */
  readonly opened: Promise<void>
  /** Resolves when everything that was durable before the call has gone through it, or never will. */
  drain(): Promise<void>
  /**
   * Resolves when it is over and everything it knows is durable. `release`: it is not to go on soon, so nothing has to be kept for it.
   * Idempotent.
   */
  stop(options?: { readonly release?: boolean }): Promise<void>
}
