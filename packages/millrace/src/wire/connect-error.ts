import { STATUS_CODES, type IncomingMessage } from 'node:http'
import { MillraceError } from '../kernel/index.ts'

/** Certificate errors of OpenSSL and Node: trying again does not mend them. */
const CERTIFICATE_ERRORS = new Set([
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])

/**
 * What kept a connection from being made, in words. `name` is the endpoint as messages may show it. Nothing else of the address gets into the
 * error, which therefore has no cause: those of the system quote host and port.
 */
export function connectError(error: Error & { readonly code?: string }, name: string): MillraceError {
  if (error.code !== undefined && CERTIFICATE_ERRORS.has(error.code)) {
    return new MillraceError('CONNECTOR_REFUSED', `the certificate of "${name}" is not trusted`, {
      detail: `The reason is ${error.code}.`,
      hint: 'Name the authority that signed it in a CA file (option "tls.cafile").',
    })
  }
  return new MillraceError('CONNECTOR_NOT_CONNECTED', `"${name}" could not be reached: ${describe(error)}`, {
    hint: error.code === 'ECONNREFUSED' || error.code === 'ENOTFOUND' ? 'Check host and port.' : undefined,
  })
}

/** A server that answered the handshake with something else than 101. */
export function statusError(response: IncomingMessage, name: string): MillraceError {
  const status = response.statusCode ?? 0
  const text = `${status} ${STATUS_CODES[status] ?? ''}`.trim()
  switch (status) {
    case 401:
    case 403:
      return new MillraceError('CONNECTOR_REFUSED', `"${name}" refused the connection with ${text}`, {
        hint: 'Check the credentials in the endpoint and the headers.',
      })
    case 301:
    case 302:
    case 303:
    case 307:
    case 308:
      return new MillraceError('CONNECTOR_NOT_CONNECTED', `"${name}" answered with ${text}`, {
        detail: 'Redirects are not followed.',
        hint: 'Use the address it redirects to as the endpoint.',
      })
    default:
      return new MillraceError('CONNECTOR_NOT_CONNECTED', `"${name}" answered the handshake with ${text}`, {
        detail: 'A WebSocket endpoint answers with 101 Switching Protocols.',
      })
  }
}

export function timedOut(name: string, handshakeMs: number): MillraceError {
  return new MillraceError(
    'CONNECTOR_NOT_CONNECTED',
    `"${name}" could not be reached: the handshake took longer than ${handshakeMs / 1000} s`,
  )
}

function describe(error: Error & { readonly code?: string }): string {
  if (error.code?.startsWith('HPE_') === true) return 'the peer does not speak HTTP'
  if (error.code?.startsWith('ERR_SSL_') === true) return 'the peer does not speak TLS'
  switch (error.code) {
    case 'ECONNREFUSED':
      return 'nothing accepts connections there'
    case 'ENOTFOUND':
      return 'there is no such host'
    case 'EAI_AGAIN':
      return 'its name cannot be looked up at the moment'
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return 'there is no route to the host'
    case 'ETIMEDOUT':
      return 'the host does not answer'
    case 'ECONNRESET':
    case 'EPIPE':
      return 'the connection was reset during the handshake'
    case 'EPROTO':
      return 'the peer does not speak TLS'
    default:
      // Errors of the system have codes and quote the address; those of the handshake do neither.
      return error.code ?? (error.message === '' ? 'no reason was given' : lowerFirst(error.message))
  }
}

function lowerFirst(text: string): string {
  return /^[A-Z][a-z]/.test(text) ? text[0]!.toLowerCase() + text.slice(1) : text
}
