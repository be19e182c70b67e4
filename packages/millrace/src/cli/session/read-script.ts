import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { fileNotReadable } from '../../kernel/index.ts'
import type { ScriptSource } from '../../runtime/index.ts'

/** `-` is standard input. Throws FILE_NOT_READABLE. */
export async function readScript(path: string): Promise<ScriptSource> {
  if (path === '-') return { name: 'stdin', text: await text(process.stdin) }
  try {
    return { name: path, text: withoutByteOrderMark(await readFile(path, 'utf8')) }
  } catch (error) {
    throw fileNotReadable(path, error)
  }
}

function withoutByteOrderMark(text: string): string {
  return text.startsWith('\ufeff') ? text.slice(1) : text
}
