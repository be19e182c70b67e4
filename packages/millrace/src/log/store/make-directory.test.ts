import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { makeDirectory } from './make-directory.ts'

describe('makeDirectory', () => {
  it('makes what is missing, and takes what is there', () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-directory-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    makeDirectory(join(folder, 'a/b/c'))
    makeDirectory(join(folder, 'a/b/c'))
    expect(existsSync(join(folder, 'a/b/c'))).toBe(true)
    writeFileSync(join(folder, 'file'), '')
    expect(() => makeDirectory(join(folder, 'file/x'))).toThrow('ENOTDIR')
  })

  it('fails where the file system makes none', (context) => {
    if (!existsSync('/proc/self')) context.skip('no /proc')
    expect(() => makeDirectory('/proc/millrace/data')).toThrow('ENOENT')
  })
})
