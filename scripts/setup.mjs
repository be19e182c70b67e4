/** Brings a clone to the point where everything can run: dependencies installed, sources compiled. Does only what is missing. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))

/** False: a step failed and has said why on stderr. */
export function setUp() {
  return nodeIsRecent() && install() && compile()
}

function install() {
  if (!dependenciesAreStale()) return true
  return step('installing dependencies', 'npm', [
    'ci',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ])
}

function compile() {
  // The compiler itself knows what is out of date; when nothing is, this takes well under a second.
  return step('compiling', process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b'])
}

function nodeIsRecent() {
  const wanted = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    .engines.node.replace('>=', '')
    .split('.')
    .map(Number)
  const have = process.versions.node.split('.').map(Number)
  const tooOld = have[0] < wanted[0] || (have[0] === wanted[0] && have[1] < wanted[1])
  return (
    !tooOld ||
    fail(`Millrace needs Node ${wanted.join('.')} or newer; this is ${process.version} (${process.execPath})`)
  )
}

function dependenciesAreStale() {
  // npm writes this file last, so it also tells an installation that broke off.
  const installed = join(root, 'node_modules/.package-lock.json')
  return !existsSync(installed) || statSync(installed).mtimeMs < statSync(join(root, 'package-lock.json')).mtimeMs
}

function step(title, command, args) {
  const started = Date.now()
  process.stderr.write(`${title} ...\n`)
  // On Windows npm is a batch file, which needs a shell.
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32' && command === 'npm',
  })
  if (result.error !== undefined) return fail(`${title}: ${command} could not be started: ${result.error.message}`)
  if (result.status !== 0)
    return fail(`${title} failed: "${[command, ...args].join(' ')}" ended with ${result.signal ?? result.status}`)
  process.stderr.write(`${title}: ${((Date.now() - started) / 1000).toFixed(1)} s\n`)
  return true
}

function fail(message) {
  process.stderr.write(`error: ${message}\n`)
  return false
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href && !setUp()) process.exitCode = 1
