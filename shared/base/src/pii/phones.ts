import type { Detected } from './finding.ts'
import { stars } from './finding.ts'

/** Between the groups of a number: nothing, blanks, or one sign with a blank on either side. Bounded, so that no text takes long. */
const gap = '[ ]{0,2}[-.)/]?[ ]{0,2}'
/** 0082, +82, (82) and the zero that some write after them. */
const country = `(?:(?:\\+|00)[ ]?82|\\(\\+?82\\)|82(?=[-. ]))${gap}\\(?0?\\)?${gap}`
const mobile = '1[016789]'
/** Areas, numbers that follow their owner (050x), internet (070), free of charge (080). Those of companies (15xx, 16xx, 18xx) name nobody. */
const fixed = '2|3[1-3]|4[1-4]|5[1-5]|6[1-4]|50[2-8]|70|80'

const mobileNumber = number(mobile)
const fixedNumber = number(fixed)

function number(prefix: string): RegExp {
  return new RegExp(
    `(?<![0-9A-Za-z])(?<!\\d[-.])(?<head>${country}(?:${prefix})|\\(0(?:${prefix})(?=\\))|0(?:${prefix}))(?<one>${gap})(?<middle>\\d{3,4})(?<two>${gap})(?<last>\\d{4})(?![0-9])`,
    'dg',
  )
}

/** Words before a row of digits that make it a telephone, and those that make it the number of a thing. */
const saysPhone =
  /(?:전화|연락처|휴대폰|핸드폰|휴대전화|팩스|폰|tel|phone|mobile|fax|cell|call|hp|h\.p|문의)[^0-9]{0,8}$/i
const saysThing =
  /(?:s\/?n|lot|로트|시리얼|일련|바코드|품번|관리|자산|주문|제조|송장|도면|부품|part|serial|order|no\.?)[^0-9]{0,8}$/i
/** Enough against a number with the form of a mobile one: a label that says number, not any word about things. */
const saysNumberOfThing =
  /(?:자산|관리|주문|제조|송장|도면|모델|일련)\s?번호[^0-9]{0,4}$|(?:s\/?n|serial|lot|part no\.?)[^0-9]{0,4}$|[A-Za-z]-$/i
const contextMax = 24

export function findPhones(text: string): Detected[] {
  const found: Detected[] = []
  for (const match of text.matchAll(mobileNumber)) {
    const context = before(text, match)
    const isInOne = match.groups?.['one'] === '' && match.groups['two'] === ''
    // Digits that go on in letters without any sign between: a piece of a hash.
    const goesOn =
      isInOne && /^[0-9A-Za-z]/.test(text.slice(match.index + match[0].length, match.index + match[0].length + 1))
    const isThing = goesOn || saysNumberOfThing.test(context) || (isInOne && saysThing.test(context))
    if (isThing && !saysPhone.test(context)) continue
    add(found, match)
  }
  for (const match of text.matchAll(fixedNumber)) {
    const { head = '', one = '', two = '' } = match.groups ?? {}
    const context = before(text, match)
    const isPhone = saysPhone.test(context)
    const isWithCountry = /^(?:\+|\(\+?8|00|82)/.test(head)
    // Without any sign between its groups it is a row of digits like any other.
    if (one + two === '' && !isPhone && !isWithCountry) continue
    if (!isPhone && saysThing.test(context)) continue
    // More groups, letters or a unit behind it: the number of a part, an identifier, a reading.
    if (/^(?:[-./]?[0-9A-Za-z]|[ ]?(?:mm|kg|rpm|bar|kPa|MPa|℃|°|%|개))/.test(text.slice(match.index + match[0].length)))
      if (!isPhone) continue
    add(found, match)
  }
  return found
}

const before = (text: string, match: RegExpExecArray): string =>
  text.slice(Math.max(0, match.index - contextMax), match.index)

function add(found: Detected[], match: RegExpExecArray): void {
  const middle = match.indices?.groups?.['middle']
  if (middle === undefined) return
  const from = match.index
  found.push({ kind: 'phone', from, to: from + match[0].length, hidden: [stars(middle[0], middle[1])] })
}
