import { describe, expect, it } from 'vitest'
import { millrace } from './millrace.ts'

const COMMANDS = ['run', 'check', 'explain', 'serve', 'log', 'record', 'replay', 'simulate']

describe('help', () => {
  it('names every command and every exit code', async () => {
    const { code, stdout } = await millrace(['--help'])
    expect(code).toBe(0)
    for (const command of COMMANDS) expect(stdout).toMatch(new RegExp(`^  ${command} `, 'm'))
    for (const exit of [0, 64, 65, 66, 69, 70, 73, 74, 78, 130, 143])
      expect(stdout).toMatch(new RegExp(`^ +${exit}  \\S`, 'm'))
  })

  it.each(COMMANDS)('%s --help has an example and exit codes', async (command) => {
    const { code, stdout, stderr } = await millrace([command, '--help'])
    expect(code).toBe(0)
    expect(stderr).toBe('')
    expect(stdout).toMatch(new RegExp(`^Usage: millrace ${command} `))
    expect(stdout).toMatch(new RegExp(`^Examples?:\\n  .*millrace ${command} `, 'm'))
    expect(stdout).toContain('Exit codes:')
  })

  it('goes to stderr with code 64 when no command is given', async () => {
    const { code, stdout, stderr } = await millrace([])
    expect(code).toBe(64)
    expect(stdout).toBe('')
    expect(stderr).toContain('Usage: millrace')
  })

  it('prints the version', async () => {
    const { code, stdout } = await millrace(['--version'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })
})

describe('a command line that is not understood exits with 64 and', () => {
  it.each([
    ['suggests the command', ['rnu', 'x.sql'], 'Did you mean run?'],
    ['suggests the option', ['run', 'x.sql', '--no-codgen'], 'Did you mean --no-codegen?'],
    ['names the missing argument', ['run'], "missing required argument 'file'"],
    ['names the surplus argument', ['check', 'a.sql', 'b.sql'], 'too many arguments'],
    ['names the choices of an option', ['run', 'x.sql', '--format', 'xml'], 'Allowed choices are ndjson, table'],
    ['says what a number must be', ['run', 'x.sql', '--limit', 'ten'], 'whole number'],
    ['refuses options that exclude each other', ['explain', 'x.sql', '--json', '--mermaid'], 'cannot be used with'],
  ])('%s', async (_, args, message) => {
    const { code, stdout, stderr } = await millrace(args)
    expect(code).toBe(64)
    expect(stdout).toBe('')
    expect(stderr).toContain('error: ')
    expect(stderr).toContain(message)
  })
})
