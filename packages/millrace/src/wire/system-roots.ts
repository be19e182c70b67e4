import { readFileSync } from 'node:fs'
import * as tls from 'node:tls'

/** Where operating systems keep their certificate bundle, as one PEM file; the list of Go's crypto/x509. */
const BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/cert.pem',
]

type NewerTls = typeof tls & { getCACertificates?(type: 'default' | 'system'): string[] }

let context: tls.SecureContext | undefined

/**
 * What `wss://` trusts unless told otherwise: the roots built into Node, those of NODE_EXTRA_CA_CERTS, and those of the operating system.
 * Read once.
 */
export function defaultTrust(): tls.SecureContext {
  if (context === undefined) {
    const trusted = tls.createSecureContext()
    for (const certificate of systemRoots()) {
      try {
        trusted.context.addCACert(certificate)
      } catch {
        // A store may hold what this OpenSSL does not read; the others still count.
      }
    }
    context = trusted
  }
  return context
}

/** SSL_CERT_FILE names the bundle instead, as OpenSSL has it. */
function systemRoots(): readonly string[] {
  const named = process.env['SSL_CERT_FILE']
  if (named !== undefined) return certificatesOf(named) ?? []
  const fromNode = (tls as NewerTls).getCACertificates?.('system') ?? []
  if (fromNode.length > 0) return fromNode
  for (const file of BUNDLES) {
    const found = certificatesOf(file)
    if (found !== null) return found
  }
  return []
}

/** Null: the file cannot be read. */
function certificatesOf(file: string): readonly string[] | null {
  try {
    return readFileSync(file, 'latin1').match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []
  } catch {
    return null
  }
}
