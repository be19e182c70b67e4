import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'

export const BIN = fileURLToPath(new URL('../../bin/millrace.js', import.meta.url))

export interface Result {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface Options {
  readonly input?: string
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
}

export type Millrace = ChildProcessByStdio<Writable, Readable, Readable>

const running = new Set<Millrace>()
// A test that fails half-way leaves no process behind.
afterAll(() => {
  for (const child of running) child.kill('SIGKILL')
})

/** The command line as users start it, in its own process, with pipes for its streams. */
export function start(args: readonly string[], options: Options = {}): Millrace {
  const env = { PATH: process.env.PATH, NO_COLOR: '1', ...options.env }
  const child = spawn(process.execPath, [BIN, ...args], { cwd: options.cwd, env, stdio: ['pipe', 'pipe', 'pipe'] })
  running.add(child)
  child.once('exit', () => running.delete(child))
  // A command that does not read its input has closed it.
  child.stdin.on('error', () => undefined)
  child.stdin.end(options.input ?? '')
  return child
}

export async function ended(child: Millrace): Promise<Result> {
  const exit = new Promise<Pick<Result, 'code' | 'signal'>>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
  const [stdout, stderr, how] = await Promise.all([text(child.stdout), text(child.stderr), exit])
  return { ...how, stdout, stderr }
}

export function millrace(args: readonly string[], options: Options = {}): Promise<Result> {
  return ended(start(args, options))
}

/** Runs a script given as text, without a file. */
export function runSql(sql: string, args: readonly string[] = [], options: Options = {}): Promise<Result> {
  return millrace(['run', '-', ...args], { ...options, input: sql })
}

/** NDJSON as values. */
export function parseLines(text: string): unknown[] {
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as unknown)
}

/** Resolves with everything read so far once `pattern` matches it; rejects when the stream ends before. */
export function until(stream: Readable, pattern: RegExp): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    let seen = ''
    const onData = (chunk: Buffer | string): void => {
      seen += chunk.toString()
      const match = pattern.exec(seen)
      if (match === null) return
      stream.off('data', onData)
      stream.off('end', onEnd)
      resolve(match)
    }
    const onEnd = (): void => reject(new Error(`the stream ended before ${pattern} came: ${seen}`))
    stream.on('data', onData)
    stream.once('end', onEnd)
  })
}

/** A folder of its own for one test file. */
export class Scratch {
  readonly folder = mkdtempSync(join(tmpdir(), 'millrace-cli-'))

  path(name: string): string {
    return join(this.folder, name)
  }

  write(name: string, content: string): string {
    writeFileSync(this.path(name), content)
    return this.path(name)
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}
