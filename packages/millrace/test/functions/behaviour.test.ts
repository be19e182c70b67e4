import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bindExpression, evaluateText, isBindError } from './evaluate.ts'

/** Both ways of evaluation give the text. */
function check(sql: string, text: string): void {
  expect(evaluateText(sql, true)).toBe(text)
  expect(evaluateText(sql, false)).toBe(text)
}

describe('numbers', () => {
  it.each([
    ['2147483647 + 1', '2147483648'],
    ['9223372036854775807 + 1', 'error: 9223372036854775808 is out of range for BIGINT'],
    ['-9223372036854775807 - 2', 'error: -9223372036854775809 is out of range for BIGINT'],
    ['4611686018427387904 * 2', 'error: 9223372036854775808 is out of range for BIGINT'],
    ['9007199254740993 + 0', '9007199254740993'],
    ['0.1 + 0.2 = 0.3', 'true'],
    ['1 / 3.0', '0.33333333333333333333'],
    ['10 % 3.5', '3'],
    ['7 / 0.0', 'error: division by zero'],
    ['5 % 0', 'error: division by zero'],
    ['1e0 / 0e0', 'error: division by zero'],
    ['1.5 * 2e0', '3'],
    ['abs(-9223372036854775808)', 'error: 9223372036854775808 is out of range for BIGINT'],
    ['round(-2.5)', '-3'],
    ['round(0.5e0)', '1'],
    ['round(1.005e0, 2)', '1.01'],
    ['ceil(-0.5)', '0'],
    ['power(2.0, 100)', '1267650600228229401496703205376'],
    ['power(2.0, -1)', 'error: a DECIMAL has no exact negative power'],
    ['greatest(1, 2.5, 1e1)', '10'],
    ['CASE WHEN true THEN 1 ELSE 1 / 0 END', '1'],
    ["TRY_CAST('x' || 'y' AS BIGINT)", 'NULL'],
  ])('%s is %s', (sql, text) => check(sql, text))
})

describe('text', () => {
  it.each([
    ["'a' || NULL", 'NULL'],
    ["concat('a', NULL, 'b')", 'ab'],
    ["substr('abcdef', 0, 3)", 'ab'],
    ["substr('👍👎x', 2, 1)", '👎'],
    ["substr('abc', 2, -1)", 'error: negative length in substr'],
    ["reverse('a👍')", '👍a'],
    ["lpad('👍', 3, 'ab')", 'ab👍'],
    ["split_part('a,b', ',', 0)", 'error: split_part counts parts from 1, or from the end from -1'],
    ["replace('a$&b', '$&', '$1')", 'a$1b'],
    ["repeat('x', 100000000)", 'error: the text would be 100000000 characters long; the limit is 16777216'],
    ["TRIM(BOTH 'x' FROM 'xxaxx')", 'a'],
    ["POSITION('c' IN 'abc')", '3'],
    ["'é' < 'z'", 'false'],
    ["'\uffff' < '👍'", 'true'],
    ["regexp_like('x', '(')", 'error: "(" is not a regular expression: missing ): ('],
  ])('%s is %s', (sql, text) => check(sql, text))
})

describe('date and time', () => {
  it.each([
    ["TIMESTAMP '2024-01-31 10:00:00' + INTERVAL '1 month'", '2024-02-29T10:00:00Z'],
    ["TIMESTAMP '2024-03-31' - INTERVAL '1 month'", '2024-02-29T00:00:00Z'],
    ["TIMESTAMP '2024-01-01' - TIMESTAMP '2024-01-02 01:00:00'", '-1 day -01:00:00'],
    ["DATE '2024-03-01' - DATE '2024-02-01'", '29'],
    ["DATE '2024-02-28' + 2", '2024-03-01'],
    ["TIME '23:30' + INTERVAL '1 hour'", '00:30:00'],
    ["INTERVAL '1 month' * 1.5", '1 month 15 days'],
    ["INTERVAL '1 hour' / 3", '00:20:00'],
    ["INTERVAL '1 day' = INTERVAL '24 hours'", 'true'],
    ["EXTRACT(epoch FROM TIMESTAMP '2024-08-08 23:54:00.25')", '1723161240.25'],
    ["EXTRACT(week FROM DATE '2021-01-03')", '53'],
    ["EXTRACT(isoyear FROM DATE '2021-01-03')", '2020'],
    ["EXTRACT(dow FROM DATE '2024-08-11')", '0'],
    ["EXTRACT(fortnight FROM DATE '2024-08-11')", 'error: there is no date field "fortnight"'],
    ["date_trunc('quarter', TIMESTAMP '2024-08-08')", '2024-07-01T00:00:00Z'],
    ["date_trunc('hour', TIMESTAMP '1969-12-31 23:59:59')", '1969-12-31T23:00:00Z'],
    ["date_trunc('century', DATE '2001-05-05')", '2001-01-01T00:00:00Z'],
    ["date_bin(INTERVAL '15 minutes', TIMESTAMP '1969-12-31 23:59:59')", '1969-12-31T23:45:00Z'],
    ["date_bin(INTERVAL '1 month', TIMESTAMP '2024-08-08', TIMESTAMP '2024-01-15')", '2024-07-15T00:00:00Z'],
    ["to_timestamp_millis('1723161240000')", '2024-08-08T23:54:00Z'],
    ['to_timestamp_nanos(1723161240123456789)', '2024-08-08T23:54:00.123456Z'],
    ["to_timestamp('soon')", 'error: "soon" is not a TIMESTAMP'],
    ['to_timestamp_seconds(9223372036854775807)', 'error: 9223372036854775807000000 is out of range for TIMESTAMP'],
    ["to_unix_millis(TIMESTAMP '1969-12-31 23:59:59.9995')", '-1'],
    ["to_char(TIMESTAMP '2024-08-08 03:04:05.006', '%H:%M:%S%.3f %j %a %-d')", '03:04:05.006 221 Thu 8'],
    ["to_char(DATE '2024-08-08', 'Day, DD Mon YYYY \"Q\"Q')", 'Thursday, 08 Aug 2024 Q3'],
    ['now()', '2024-08-08T00:00:00Z'],
  ])('%s is %s', (sql, text) => check(sql, text))

  it('truncates and takes apart as the calendar says', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('1800-01-01'), max: new Date('2200-01-01'), noInvalidDate: true }),
        (date) => {
          const sql = `TIMESTAMP '${date.toISOString()}'`
          expect(
            evaluateText(
              `date_trunc('month', ${sql}) = make_date(${date.getUTCFullYear()}, ${date.getUTCMonth() + 1}, 1)`,
            ),
          ).toBe('true')
          expect(evaluateText(`EXTRACT(dow FROM ${sql})`)).toBe(String(date.getUTCDay()))
          expect(evaluateText(`EXTRACT(hour FROM ${sql})`)).toBe(String(date.getUTCHours()))
          expect(evaluateText(`to_unix_millis(${sql})`)).toBe(String(date.getTime()))
        },
      ),
    )
  })
})

describe('JSON', () => {
  it.each([
    [`JSON '{"a": [10, 20]}' -> 'a' -> -1`, '20'],
    [`JSON '{"a": null}' -> 'a'`, 'NULL'],
    [`JSON '{"a": null}' ->> 'a'`, 'NULL'],
    [`JSON '{"a": 1}' -> 'b' -> 'c'`, 'NULL'],
    [`JSON '{"p": "1.50"}' ->> 'p' = '1.50'`, 'true'],
    [`(JSON '{"p": 1.50}' ->> 'p')::DECIMAL * 2`, '3'],
    [`'{"a": 1}' -> 'a'`, '1'],
    [`json_length('{' || '"a"')`, 'error: "{\\"a\\"" is not JSON'],
    [`json_get_int(JSON '{"a": 1.5}', 'a')`, 'NULL'],
    [`json_get_int(JSON '{"a": 1e2}', 'a')`, '100'],
    [`JSON '{"__proto__": 1}' ->> '__proto__'`, '1'],
    [`JSON '{}' ->> '__proto__'`, 'NULL'],
    [`json_value('{"a": [{"b": true}]}', '$.a[0].b')`, 'true'],
    [`json_value('{"a": []}', '$.a')`, 'NULL'],
    [`extract_json('{"a": {"x": 1, "b": {"x": 2}}}', '$..x')`, '["1","2"]'],
    [`extract_json('[1,2,3,4]', '$[1:3]')`, '["2","3"]'],
    [`extract_json('[1,2,3]', '$[-1,0]')`, '["3","1"]'],
    [`extract_json('{"a b": 1}', '$[''a b'']')`, '["1"]'],
    [`extract_json('[{"a": 1}, {"b": 2}]', '$[?(@.a)]')`, '["{\\"a\\": 1}"]'],
    [`extract_json('[1, 5, 3, "5"]', '$[?@ >= 3]')`, '["5","3"]'],
    [`extract_json('{"min": 2, "v": [1, 2, 3]}', '$.v[?@ > $.min]')`, '["3"]'],
    [
      `extract_json('[{"id": 9007199254740993}, {"id": 9007199254740992}]', '$[?@.id == 9007199254740992]')`,
      '["{\\"id\\": 9007199254740992}"]',
    ],
    [`extract_json('[{"a": 1.50, "b": "x"}, {"a": 2}]', '$[?(@.a == 1.5 && !(@["b"] == "y"))].b')`, '["\\"x\\""]'],
    [`extract_json('[{"a": [1, {"k": null}]}, {"a": 1}]', '$[?@.a == $[0].a].a[1]')`, '["{\\"k\\": null}"]'],
    [`extract_json('[{"a": 1}, {}]', '$[?@.a != @.b || @.a == 1].a')`, '["1"]'],
    [`extract_json('["a", "b", null, true]', '$[?@ < ''b'', ?@ == null]')`, '["\\"a\\"","null"]'],
    [`extract_json('[0,1,2,3,4]', '$[::-2]')`, '["4","2","0"]'],
    [`extract_json('[0,1,2,3,4]', '$[-3:-1]')`, '["2","3"]'],
    [`extract_json('[]', '$[?@.a')`, 'error: the JSON path "$[?@.a" has no "]" at 7'],
    [`extract_json('[]', '$[?1]')`, 'error: the JSON path "$[?1]" has no comparison at 5'],
    [
      `extract_json('[]', '$[?' || repeat('(', 10000))`,
      `error: the JSON path "$[?${'('.repeat(54)}"... has a filter that is nested too deep`,
    ],
    [`get_first_json_object('{"n": 1491318144456507320}', '$.n')`, '1491318144456507320'],
    [`json_object('a', JSON '[1]', 'b', ARRAY[1.50, NULL])`, '{"a":[1],"b":[1.5,null]}'],
  ])('%s is %s', (sql, text) => check(sql, text))
})

describe('time zones', () => {
  it.each([
    ["from_utc_timestamp(TIMESTAMP '2024-03-31 00:59:59.999999', 'Europe/Berlin')", '2024-03-31T01:59:59.999999Z'],
    ["from_utc_timestamp(TIMESTAMP '2024-03-31 01:00:00', 'Europe/Berlin')", '2024-03-31T03:00:00Z'],
    ["from_utc_timestamp(TIMESTAMP '1880-01-01 00:00:00', 'Europe/Amsterdam')", '1880-01-01T00:17:30Z'],
    ["from_utc_timestamp(TIMESTAMP '2024-01-01 00:00:00', 'utc')", '2024-01-01T00:00:00Z'],
    ["from_utc_timestamp(TIMESTAMP '2024-01-01 00:00:00', '+14:00')", '2024-01-01T14:00:00Z'],
    ["from_utc_timestamp(TIMESTAMP '2500-07-01 00:00:00', 'Asia/Tokyo')", '2500-07-01T09:00:00Z'],
    ["from_utc_timestamp(NULL, 'UTC')", 'NULL'],
    ["TIMESTAMP '2024-08-08 22:30:00' AT TIME ZONE 'Europe/Berlin'", '2024-08-09T00:30:00Z'],
    ["from_utc_timestamp(TIMESTAMP '2024-01-01', '+19:00')", 'error: there is no time zone "+19:00"'],
    ["to_utc_timestamp(TIMESTAMP '2024-11-03 01:30:00', 'America/New_York')", '2024-11-03T05:30:00Z'],
    ["to_utc_timestamp(TIMESTAMP '2024-03-10 02:30:00', 'America/New_York')", '2024-03-10T07:30:00Z'],
    ["date_trunc('day', TIMESTAMP '2024-03-31 12:00:00', 'Europe/Berlin')", '2024-03-30T23:00:00Z'],
    ["date_trunc('day', TIMESTAMP '2024-04-01 12:00:00', 'Europe/Berlin')", '2024-03-31T22:00:00Z'],
    ["date_part('epoch', TIMESTAMP '1970-01-02', 'Asia/Tokyo')", '86400'],
    [
      "to_char(TIMESTAMP '2024-08-08 23:54:00', 'DD HH24:MI TZ OF', 'America/St_Johns')",
      '08 21:24 America/St_Johns -0230',
    ],
    ["to_char(TIMESTAMP '2024-08-08 23:54:00', '%s %Z %:z', 'Asia/Tokyo')", '1723161240 Asia/Tokyo +09:00'],
  ])('%s is %s', (sql, text) => check(sql, text))

  it('show what the platform says, and back', () => {
    const zones = fc.constantFrom(
      'Europe/Berlin',
      'America/New_York',
      'Asia/Kolkata',
      'Australia/Lord_Howe',
      'Pacific/Apia',
    )
    const dates = fc.date({ min: new Date('1950-01-01'), max: new Date('2037-01-01'), noInvalidDate: true })
    fc.assert(
      fc.property(dates, zones, (date, timeZone) => {
        const shown = date.toLocaleString('sv-SE', { timeZone, hourCycle: 'h23' }).replace(' ', 'T')
        const utc = `TIMESTAMP '${date.toISOString().slice(0, 19)}'`
        expect(evaluateText(`from_utc_timestamp(${utc}, '${timeZone}')`)).toBe(`${shown}Z`)
        const there = `to_utc_timestamp(from_utc_timestamp(${utc}, '${timeZone}'), '${timeZone}')`
        // Where clocks are set back, the first of two.
        expect(
          evaluateText(`from_utc_timestamp(${there}, '${timeZone}') = TIMESTAMP '${shown}' AND ${there} <= ${utc}`),
        ).toBe('true')
      }),
    )
  })
})

describe('dates by pattern', () => {
  it.each([
    ["to_timestamp('2024-08-08 23:54:00.25', '%Y-%m-%d %H:%M:%S%.f')", '2024-08-08T23:54:00.250Z'],
    ["to_timestamp('2024-08-08 23:54:00', '%F %T%.f')", '2024-08-08T23:54:00Z'],
    ["to_timestamp('Thu Aug  8 11:54:00 PM 2024', '%a %b %e %I:%M:%S %p %Y')", '2024-08-08T23:54:00Z'],
    ["to_timestamp('1723161240', '%s')", '2024-08-08T23:54:00Z'],
    ["to_timestamp('-1', '%s')", '1969-12-31T23:59:59Z'],
    ["to_timestamp('2024-366', '%Y-%j')", '2024-12-31T00:00:00Z'],
    ["to_timestamp('2023-366', '%Y-%j')", 'error: "2023-366" is not a TIMESTAMP of the form "%Y-%j"'],
    ["to_timestamp('2023-02-29', '%F')", 'error: "2023-02-29" is not a TIMESTAMP of the form "%F"'],
    ["to_timestamp('2023-02-28x', '%F')", 'error: "2023-02-28x" is not a TIMESTAMP of the form "%F"'],
    ["to_timestamp('2023', '%Q')", 'error: the date format has a conversion "%Q" that reads nothing'],
    ["to_timestamp(NULL, '%Y')", 'NULL'],
    ["to_date('240808', '%y%m%d')", '2024-08-08'],
    ["parse_timestamp('20240808235400', 'yyyyMMddHHmmss')", '2024-08-08T23:54:00Z'],
    ["parse_timestamp('2024-08-08 23:54 Europe/Berlin', 'yyyy-MM-dd HH:mm VV')", '2024-08-08T21:54:00Z'],
    [
      "parse_timestamp('2024-08-08 24:00', 'yyyy-MM-dd HH:mm')",
      'error: "2024-08-08 24:00" is not a TIMESTAMP of the form "yyyy-MM-dd HH:mm"',
    ],
    ["parse_timestamp('x', 'yyyy QQ')", 'error: the date pattern has an unknown field "QQ"'],
    ["parse_timestamp('x', 'yyyy ''T')", "error: the date pattern has a ' without another"],
    [
      "format_timestamp(TIMESTAMP '2024-08-08 03:04:05.678901', 'd/M/yy h:m:s.SSSSSS a xxx X ''o''''clock''')",
      "8/8/24 3:4:5.678901 AM +00:00 Z o'clock",
    ],
    ["format_date(DATE '2024-08-08', 'EEE D')", 'Thu 221'],
  ])('%s is %s', (sql, text) => check(sql, text))

  it('reads what it writes', () => {
    const patterns = [
      ['%Y-%m-%d %H:%M:%S.%6f', "yyyy-MM-dd''T''HH:mm:ss.SSSSSS"],
      ['%d %B %Y %I:%M:%S %p%.6f', 'd MMMM yyyy h:m:s a SSSSSS'],
      ['%j/%Y %T %6f %z', 'DDD/yyyy HH:mm:ss SSSSSS XXX'],
    ] as const
    fc.assert(
      fc.property(
        fc.date({ min: new Date('1000-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }),
        fc.constantFrom(...patterns),
        (date, [c, java]) => {
          const timestamp = `TIMESTAMP '${date.toISOString()}'`
          expect(evaluateText(`to_timestamp(to_char(${timestamp}, '${c}'), '${c}') = ${timestamp}`)).toBe('true')
          expect(
            evaluateText(`parse_timestamp(format_timestamp(${timestamp}, '${java}'), '${java}') = ${timestamp}`),
          ).toBe('true')
        },
      ),
    )
  })
})

describe('text as others edit it', () => {
  it.each([
    ["abbreviate('👍👍👍👍👍👍', 5)", '👍👍...'],
    ["abbreviate('abcdef', 3)", 'error: abbreviate takes a length above 3'],
    ["capitalize('')", ''],
    ["capitalize('élan')", 'Élan'],
    ["center('abc', 2)", 'abc'],
    ["center('a', 100000000)", 'error: the text would be 100000000 characters long; the limit is 16777216'],
    ["chop('a👍')", 'a'],
    ["chop('')", ''],
    ["dropleft('abc', 9)", ''],
    ["dropright('abc', -1)", 'abc'],
    ["digits('a')", ''],
    ["indexof('a👍b', 'b')", '2'],
    ['mkstring(NULL)', 'NULL'],
    ["mkstring(TIMESTAMP '2024-08-08')", '2024-08-08T00:00:00Z'],
    ["stripaccents('ñ')", 'n'],
    ["truncate('abc', -1)", ''],
    ['truncate(-1.5e0)', '-1'],
    ["first4('abcd')", '*****'],
    ["last1('👍👎')", '*****👎'],
    ["email('a@b@c.org')", 'a*****@c.org'],
    ['email(NULL)', 'NULL'],
    ["concatenate('a', 1, 'b')", 'a1b'],
    ["concatenate('a', NULL, 'b')", 'NULL'],
    ["takeleft('abc', 2) || takeright('abc', 1)", 'abc'],
    ["regex_matches('x', '(')", 'error: "(" is not a regular expression: missing ): ('],
    ["regexp('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!', '(a+)+$')", 'NULL'],
    ["decode64('/w==')", 'error: the bytes are not UTF-8 text'],
    ['typeof(NULL)', 'NULL'],
    ['arrow_typeof(ARRAY[1.5])', 'List(Decimal128(38, 10))'],
    ['isnull(NULL) AND NOT isnotnull(NULL)', 'true'],
  ])('%s is %s', (sql, text) => check(sql, text))
})

describe('what does not fit', () => {
  it.each([
    'lower(1)',
    '1 + true',
    "TIMESTAMP '2024-01-01' + TIMESTAMP '2024-01-01'",
    "substr('a')",
    'subscript(1, 1)',
    "json_get(JSON '{}', 1.5)",
  ])('%s is a type error', (sql) => {
    let error: unknown
    try {
      bindExpression(sql)
    } catch (caught) {
      error = caught
    }
    expect(isBindError(error, 'SQL_TYPE'), String(error)).toBe(true)
  })
})
