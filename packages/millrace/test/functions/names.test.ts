import { describe, expect, it } from 'vitest'
import { functionCatalog } from '../../src/engine/index.ts'
import { bindExpression } from './evaluate.ts'

const names = (text: string) => text.trim().split(/\s+/)

/** What DataFusion, as Arroyo has it, and Lenses call their functions. */
const SCALARS = names(`
  json_get json_as_text json_contains json_get_str json_get_int json_get_float json_get_bool json_get_json json_length
  extract_json extract_json_string get_first_json_object json_value json_object
  ascii bit_length btrim char_length character_length length concat concat_ws chr ends_with find_in_set initcap instr left levenshtein
  lower lpad ltrim octet_length overlay position repeat replace reverse right rpad rtrim split_part starts_with strpos substr
  substr_index to_hex translate trim upper uuid
  regexp_like regexp_match regexp_replace encode decode digest md5 sha224 sha256 sha384 sha512 multi_hash
  abs acos acosh asin asinh atan atanh atan2 cbrt ceil cos cosh degrees exp factorial floor gcd isnan iszero lcm ln log log2 log10 nanvl
  pi pow power radians random round signum sin sinh sqrt tan tanh trunc
  date_bin date_part date_trunc extract make_date to_char to_timestamp to_timestamp_seconds to_timestamp_millis to_timestamp_micros
  to_timestamp_nanos from_unixtime now coalesce nullif nvl ifnull nvl2 arrow_typeof
  make_array flatten cardinality empty range generate_series string_to_array
  as_non_nullable as_nullable dump exists isnotnull isnull sizeof typeof
  abbreviate base64 capitalize center chop concatenate contains decode64 deletewhitespace digits dropleft dropright endswith indexof len
  lowercase leftpad mkstring regexp regex regex_matches rightpad startswith stripaccents substring swapcase takeleft takeright truncate
  uncapitalize uppercase json_extract_first json_extract_all yesterday tomorrow convert_datetime
  anonymize mask email first1 first2 first3 first4 last1 last2 last3 last4
`)
const ARRAYS = names(`
  append cat concat contains has has_all has_any dims distinct element except extract intersect join to_string length ndims pop_back
  pop_front position positions prepend push_back push_front remove remove_n remove_all repeat replace replace_n replace_all resize
  reverse slice sort union
`)
const AGGREGATES = names(`
  count sum avg mean min max median array_agg first_value last_value bit_and bit_or bit_xor bool_and bool_or stddev stddev_pop stddev_samp
  var var_pop var_samp corr covar covar_pop covar_samp regr_slope regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_sxx regr_syy
  regr_sxy approx_distinct approx_median approx_percentile_cont approx_percentile_cont_with_weight percentile_cont string_agg
  bottomk collect collect_unique first last maxk maxk_unique mink mink_unique topk
`)

describe('names of functions', () => {
  it.each(SCALARS)('%s', (name) => expect(functionCatalog.scalar(name), name).toBeDefined())
  it.each(ARRAYS.flatMap((name) => [`array_${name}`, `list_${name}`]))('%s', (name) =>
    expect(functionCatalog.scalar(name), name).toBeDefined(),
  )
  it.each(AGGREGATES)('%s', (name) => expect(functionCatalog.aggregate(name), name).toBeDefined())

  it.each([
    '`exists`(1)',
    "truncate('a', 1)",
    "regexp('a', 'a')",
    'yesterday()',
    "left('a', 1)",
    'isnull(1)',
    "mask('x')",
    "email('x')",
  ])('%s is a call', (sql) => expect(bindExpression(sql.replaceAll('`', '"')).kind).toBe('call'))
})
