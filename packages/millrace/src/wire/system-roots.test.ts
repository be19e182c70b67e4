import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const hasOpenssl = (() => {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()

/** Connects by TLS with the default trust in a process of its own, since trust is read once a process. */
const PROBE = `
import { connect } from 'node:tls'
const { defaultTrust } = await import(process.argv[1])
const socket = connect({ port: Number(process.argv[2]), host: '127.0.0.1', servername: 'localhost', secureContext: defaultTrust() })
socket.on('secureConnect', () => { console.log('trusted'); socket.destroy() })
socket.on('error', (error) => { console.log(error.code) })
`

describe.skipIf(!hasOpenssl)(hasOpenssl ? 'the default trust' : 'openssl is not installed', () => {
  it("includes the system's bundle, here one named by SSL_CERT_FILE", { timeout: 60_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-roots-'))
    const file = (name: string) => join(folder, name)
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', file('key'), '-out', file('cert'), ...subject], { stdio: 'ignore' })
    writeFileSync(file('empty'), '')
    const server = createServer({ key: readFileSync(file('key')), cert: readFileSync(file('cert')) })
    server.on('tlsClientError', () => undefined)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const built = fileURLToPath(new URL('../../dist/wire/system-roots.js', import.meta.url))
    const probe = async (bundle: string) => {
      const { promisify } = await import('node:util')
      const { execFile } = await import('node:child_process')
      const args = ['--input-type=module', '-e', PROBE, built, String((server.address() as AddressInfo).port)]
      const { stdout } = await promisify(execFile)(process.execPath, args, { env: { ...process.env, SSL_CERT_FILE: bundle } })
      return stdout.trim()
    }
    try {
      expect(await probe(file('cert'))).toBe('trusted')
      expect(await probe(file('empty'))).toBe('DEPTH_ZERO_SELF_SIGNED_CERT')
    } finally {
      server.close()
      rmSync(folder, { recursive: true })
    }
  })
})
