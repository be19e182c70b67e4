import { type Int, TEXT, TIMESTAMP } from '../../kernel/index.ts'
import { example, scalar, type ScalarFunction } from './definition.ts'
import { rangeCheck } from './integer-range.ts'
import { signature } from './signature.ts'
import { instantOf, localTime, timeZone } from './time-zone.ts'

const inRange = rangeCheck(TIMESTAMP)

/** A TIMESTAMP is an instant; what clocks show somewhere else is a TIMESTAMP too, as if it were UTC. */
export const TIME_ZONES: readonly ScalarFunction[] = [
  scalar('from_utc_timestamp', {
    doc: 'What clocks in a time zone show at a TIMESTAMP. Zones are IANA names or offsets like +05:30.',
    examples: [
      example("from_utc_timestamp(TIMESTAMP '2024-08-08 22:30:00', 'Europe/Berlin')", '2024-08-09T00:30:00Z'),
      example("from_utc_timestamp(TIMESTAMP '2024-08-08 22:30:00', '-03:30')", '2024-08-08T19:00:00Z'),
      example("from_utc_timestamp(TIMESTAMP '2024-08-08 22:30:00', 'Mars/Base')", 'error'),
    ],
    resolve: signature([TIMESTAMP, TEXT], TIMESTAMP),
    implement:
      () =>
      ([at, zone]) =>
        inRange(localTime(at as Int, timeZone(zone as string))),
  }),
  scalar('to_utc_timestamp', {
    doc: 'The TIMESTAMP at which clocks in a time zone show a time; the first of two where they are set back.',
    examples: [
      example("to_utc_timestamp(TIMESTAMP '2024-08-09 00:30:00', 'Europe/Berlin')", '2024-08-08T22:30:00Z'),
      example("to_utc_timestamp(TIMESTAMP '2024-10-27 02:30:00', 'Europe/Berlin')", '2024-10-27T00:30:00Z'),
      example("to_utc_timestamp(TIMESTAMP '2024-03-31 02:30:00', 'Europe/Berlin')", '2024-03-31T01:30:00Z'),
    ],
    resolve: signature([TIMESTAMP, TEXT], TIMESTAMP),
    implement:
      () =>
      ([at, zone]) =>
        inRange(instantOf(at as Int, timeZone(zone as string))),
  }),
  scalar('timezone', {
    doc: 'As from_utc_timestamp with the arguments the other way round.',
    examples: [example("timezone('America/New_York', TIMESTAMP '2024-01-01 00:00:00')", '2023-12-31T19:00:00Z')],
    resolve: signature([TEXT, TIMESTAMP], TIMESTAMP),
    implement:
      () =>
      ([zone, at]) =>
        inRange(localTime(at as Int, timeZone(zone as string))),
  }),
]
