/**
 * Writes package-lock.json afresh from the package.json files (`npm run lock`, after a change of dependencies). npm leaves out of a
 * lock the optional packages of other platforms that the registry in use does not carry, or that an existing node_modules lacks, and
 * `npm ci` then refuses the lock. So it is made away from node_modules, and such packages are entered by their names, which say the
 * platform; they have no checksum.
 */
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { root } from './setup.mjs'

const folder = mkdtempSync(join(tmpdir(), 'millrace-lock-'))
try {
  const { workspaces } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  for (const manifest of ['package.json', ...workspaces.map((w) => `${w}/package.json`)]) {
    mkdirSync(dirname(join(folder, manifest)), { recursive: true })
    copyFileSync(join(root, manifest), join(folder, manifest))
  }
  const args = [
    'install',
    '--package-lock-only',
    '--ignore-scripts',
    '--omit-lockfile-registry-resolved',
    '--no-audit',
    '--no-fund',
  ]
  const { status } = spawnSync('npm', args, { cwd: folder, stdio: 'inherit', shell: process.platform === 'win32' })
  if (status !== 0) process.exit(1)
  const lock = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8'))
  complete(lock.packages)
  writeFileSync(join(root, 'package-lock.json'), `${JSON.stringify(lock, null, 2)}\n`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function complete(packages) {
  const added = {}
  for (const owner of Object.values(packages)) {
    for (const [name, version] of Object.entries(owner.optionalDependencies ?? {})) {
      const path = `node_modules/${name}`
      if (packages[path] === undefined) added[path] = platformPackage(name, version, owner)
    }
  }
  Object.assign(packages, added)
  for (const path of Object.keys(packages).sort()) {
    const entry = packages[path]
    delete packages[path]
    packages[path] = entry
  }
}

function platformPackage(name, version, owner) {
  const os = /android|darwin|freebsd|linux|openharmony|win32/.exec(name)?.[0]
  const cpu = /-(arm64|arm|ia32|ppc64|riscv64|s390x|x64)\b/.exec(name)?.[1]
  if (os === undefined || cpu === undefined || !/^\d/.test(version)) {
    throw new Error(`the registry does not carry "${name}@${version}", and its name tells no platform`)
  }
  const libc = name.includes('musl') ? ['musl'] : name.includes('gnu') ? ['glibc'] : undefined
  const { license, engines } = owner
  return {
    version,
    cpu: [cpu],
    ...(owner.dev && { dev: true }),
    ...(libc && { libc }),
    license,
    optional: true,
    os: [os],
    ...(engines && { engines }),
  }
}
