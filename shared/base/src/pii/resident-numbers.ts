import type { Detected } from './finding.ts'
import { stars } from './finding.ts'

/*
 * Numbers of residents (the seventh digit 1 to 4) and of foreigners who are registered (5 to 8): date of birth, a digit for century and sex, six
 * more. Until October 2020 the last one was a check digit; it is random in numbers given out since, so a wrong one proves nothing.
 */
const number =
  /(?<![0-9A-Za-z])(?<!\d[-.])(?<birth>\d{6})(?<gap>[ ]{0,2}[-.]?[ ]{0,2})(?<rest>[1-8]\d{6})(?![0-9A-Za-z])(?![-.]\d)/dg

const saysPerson = /(?:주민|등록\s?번호|외국인|거소|생년|신분|resident|registration|rrn|arc|성명|이름)[^0-9]{0,12}$/i
const saysThing =
  /(?:s\/?n|lot|로트|시리얼|일련|바코드|품번|관리|자산|주문|제조|송장|도면|부품|part|serial|order)[^0-9]{0,8}$/i
const contextMax = 32
/** Whoever works in a plant. A lot's number may look like the number of a child or of somebody of 100 years. */
const workingAge = { min: 14, max: 90 }
const ageMax = 120

/** @param today what a date of birth must not lie behind */
export function findResidentNumbers(text: string, today: Date): Detected[] {
  const found: Detected[] = []
  for (const match of text.matchAll(number)) {
    const { birth = '', gap = '', rest = '' } = match.groups ?? {}
    const age = ageOf(birth, rest, today)
    if (age === null) continue
    const context = text.slice(Math.max(0, match.index - contextMax), match.index)
    const isSaid = saysPerson.test(context)
    const isChecked = hasCheckDigit(birth + rest)
    const isWorker = age >= workingAge.min && age <= workingAge.max
    // With its dash it has the form that everybody writes; without, or as a lot's number, one date in eleven would pass for a person.
    const isLikely = isChecked || (gap.includes('-') && isWorker)
    if (!isSaid && (!isLikely || saysThing.test(context))) continue
    const hidden = match.indices?.groups?.['rest']
    if (hidden === undefined) continue
    found.push({
      kind: 'resident_number',
      from: match.index,
      to: match.index + match[0].length,
      hidden: [stars(hidden[0], hidden[1])],
    })
  }
  return found
}

/** Whole years, null for a date that is none or lies ahead. */
function ageOf(birth: string, rest: string, today: Date): number | null {
  const isOf2000 = '3478'.includes(rest.charAt(0))
  const year = (isOf2000 ? 2000 : 1900) + Number(birth.slice(0, 2))
  const [month, day] = [Number(birth.slice(2, 4)) - 1, Number(birth.slice(4, 6))]
  const date = new Date(Date.UTC(year, month, day))
  if (date.getUTCMonth() !== month || date.getUTCDate() !== day || date > today) return null
  const hadBirthday = today >= new Date(Date.UTC(today.getUTCFullYear(), month, day))
  const age = today.getUTCFullYear() - year - (hadBirthday ? 0 : 1)
  return age <= ageMax ? age : null
}

const weights = [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]

function hasCheckDigit(digits: string): boolean {
  const sum = weights.reduce((total, weight, index) => total + weight * Number(digits[index]), 0)
  const isForeign = Number(digits[6]) >= 5
  return ((isForeign ? 13 : 11) - (sum % 11)) % 10 === Number(digits[12])
}
