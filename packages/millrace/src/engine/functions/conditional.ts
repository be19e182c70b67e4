import { BOOLEAN, compareValues, type DataType, type Value } from '../../kernel/index.ts'
import { commonType, type Resolution } from '../../plan/index.ts'
import { comparisonType, equality, resolveSame } from './comparison.ts'
import { example, type Implementation, scalar, type ScalarFunction } from './definition.ts'
import { mismatch } from './signature.ts'

function resolveNullif(args: readonly DataType[]): Resolution {
  const [a, b] = args
  if (a === undefined || b === undefined || args.length !== 2) return mismatch('two arguments', args)
  const type = comparisonType(a, b)
  return type === undefined
    ? mismatch('two arguments of comparable types', args)
    : { kind: 'ok', args: [type, type], returns: type }
}

function resolveNvl2(args: readonly DataType[]): Resolution {
  const [tested, a, b] = args
  if (tested === undefined || a === undefined || b === undefined || args.length !== 3)
    return mismatch('three arguments', args)
  const type = commonType(a, b)
  return type === undefined
    ? mismatch('a value and two results of one common type', args)
    : { kind: 'ok', args: [tested, type, type], returns: type }
}

/** The extreme of the arguments that are not NULL; NULL if all are. */
function extreme(direction: 1 | -1): (args: readonly DataType[], returns: DataType) => Implementation {
  return (_, type) => (args) => {
    let best: Value = null
    for (const arg of args) {
      if (arg !== null && (best === null || compareValues(type, arg, best) * direction > 0)) best = arg
    }
    return best
  }
}

export const CONDITIONAL: readonly ScalarFunction[] = [
  scalar('coalesce', {
    aliases: ['nvl', 'ifnull'],
    doc: 'The first argument that is not NULL; later ones are not evaluated.',
    examples: [example('coalesce(NULL, 2, 3)', '2'), example('nvl(1, 1 / 0)', '1')],
    strict: false,
    resolve: resolveSame(1),
    implement: () => (args) => args.find((a) => a !== null) ?? null,
  }),
  scalar('nullif', {
    doc: 'The first argument, or NULL if it equals the second.',
    examples: [example("nullif('n/a', 'n/a')", 'NULL'), example('nullif(1, 2)', '1')],
    strict: false,
    resolve: resolveNullif,
    implement: ([type]) => {
      const equal = equality(type!)
      return ([a, b]) => (a === null || b === null || !equal(a!, b!) ? a! : null)
    },
  }),
  scalar('nvl2', {
    doc: 'The second argument if the first is not NULL, else the third.',
    examples: [example("nvl2(NULL, 'a', 'b')", 'b')],
    strict: false,
    resolve: resolveNvl2,
    implement:
      () =>
      ([tested, a, b]) =>
        tested === null ? b! : a!,
  }),
  scalar('greatest', {
    doc: 'The greatest argument; NULLs are left out.',
    examples: [example('greatest(1, 2.5, NULL)', '2.5')],
    strict: false,
    resolve: resolveSame(1),
    implement: extreme(1),
  }),
  scalar('least', {
    doc: 'The least argument; NULLs are left out.',
    examples: [example('least(1, 2.5, NULL)', '1')],
    strict: false,
    resolve: resolveSame(1),
    implement: extreme(-1),
  }),
  scalar('not', {
    doc: 'The negation of a BOOLEAN.',
    examples: [example('not(true)', 'false')],
    resolve: (args) =>
      args.length === 1 && (args[0]!.kind === 'BOOLEAN' || args[0]!.kind === 'NULL')
        ? { kind: 'ok', args: [BOOLEAN], returns: BOOLEAN }
        : mismatch('a BOOLEAN', args),
    implement:
      () =>
      ([a]) =>
        a === false,
    inline: ([a]) => `!(${a})`,
  }),
]
