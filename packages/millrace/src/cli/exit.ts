import { CommanderError, type Command } from 'commander'
import { ERROR_CODES, errorList, formatError } from '../kernel/index.ts'

/** The text that the spans of an error refer to, and its name in messages. */
export interface SourceText {
  readonly name: string
  readonly text: string
}

/** Exit codes of all commands, after BSD sysexits.h. Those of errors come from the table of error codes. */
const EXIT_CODES: ReadonlyMap<number, string> = new Map([
  [0, 'done'],
  [1, 'a peer misbehaved'],
  [64, 'the command line is not understood'],
  [65, 'the SQL or the data is not valid'],
  [66, 'an input file cannot be read'],
  [69, 'something outside is not available'],
  [70, 'a defect in Millrace'],
  [73, 'an output file or the data directory cannot be written'],
  [74, 'the disk failed or is full, or the data directory is damaged'],
  [78, 'a setting is not valid'],
  [130, 'stopped by SIGINT'],
  [143, 'stopped by SIGTERM'],
])

const USAGE = ERROR_CODES.USAGE.exit

/** A help section with the codes a command may exit with. */
export function exitCodesHelp(codes: readonly number[]): string {
  const lines = codes.map((code) => `  ${String(code).padStart(3)}  ${EXIT_CODES.get(code) ?? ''}`)
  return `\nExit codes:\n${lines.join('\n')}`
}

/** Prints every error to stderr and returns the exit code of the first. */
export function reportError(error: unknown, source?: SourceText): number {
  const errors = errorList(error)
  process.stderr.write(errors.map((e) => `${formatError(e, source)}\n`).join(''))
  return errors[0]!.entry.exit
}

/**
 * The body of a command: resolves with its exit code, or nothing for 0. Errors are printed and become their exit code. The
 * process is not ended but ends by itself, so that output still reaches its pipe.
 */
export function runAction<Arguments extends readonly unknown[]>(
  action: (...args: Arguments) => Promise<number | void>,
): (...args: Arguments) => Promise<void> {
  return async (...args) => {
    try {
      process.exitCode = (await action(...args)) ?? 0
    } catch (error) {
      process.exitCode = reportError(error)
    }
  }
}

/** Parses the command line and runs the command it names. A command line that is not understood exits with 64. */
export async function runProgram(program: Command, argv: readonly string[]): Promise<void> {
  overrideExit(program)
  try {
    await program.parseAsync([...argv])
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    // Help and version come this way too, with 0. Messages are printed already.
    process.exitCode = error.exitCode === 0 ? 0 : USAGE
  }
}

function overrideExit(command: Command): void {
  command.exitOverride()
  for (const child of command.commands) overrideExit(child)
}
