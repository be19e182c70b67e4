const CODES = { SIGINT: 130, SIGTERM: 143 } as const

export interface StopSignals {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal
  /** 130 or 143 after a signal, undefined before. */
  exitCode(): number | undefined
  /** Gives the signals back. */
  dispose(): void
}

/** Turns SIGINT and SIGTERM into a request to stop. A second signal does not wait any longer. */
export function stopSignals(): StopSignals {
  const stop = new AbortController()
  let code: number | undefined
  const onSignal = (name: NodeJS.Signals): void => {
    if (code !== undefined) process.exit(code)
    code = CODES[name as keyof typeof CODES]
    stop.abort()
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  return {
    signal: stop.signal,
    exitCode: () => code,
    dispose: () => {
      process.off('SIGINT', onSignal)
      process.off('SIGTERM', onSignal)
    },
  }
}
