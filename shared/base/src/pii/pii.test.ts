import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { piiKinds } from './finding.ts'
import { readSentences, scoreOf } from './labelled-sentences.ts'
import { mask } from './mask.ts'
import { leftOut, maskDeep, maskLimits } from './mask-deep.ts'

const today = new Date('2026-11-21')
const masked = (text: string) => mask(text, { today }).text

describe('what is hidden, and what of it stays', () => {
  it.each([
    ['메일 abc@x.kr 로', '메일 a***@x.kr 로'],
    ['hong@회사.한국으로', 'h***@회사.한국으로'],
    ['010-1234-5678', '010-****-5678'],
    ['01012345678', '010****5678'],
    ['+82 10 1234 5678', '+82 10 **** 5678'],
    ['전화 02) 345-6789', '전화 02) ***-6789'],
    ['900101-1234567', '900101-*******'],
    ['홍길동 과장님', '홍*동 과장님'],
    ['김구 씨', '김* 씨'],
    ['남궁민수 부장', '남**수 부장'],
    ['성명: 홍 길 동', '성명: 홍 * 동'],
    ['담당자김철수 확인', '담당자김*수 확인'],
  ])('%s becomes %s', (text, expected) => {
    expect(masked(text)).toBe(expected)
  })

  it('full-width digits, dashes of all kinds, Hangul in pieces and signs without width hide nothing', () => {
    expect(masked('０１０－１２３４－５６７８')).toBe('０１０－****－５６７８')
    expect(masked('010\u200b-12\u200d34-5678')).toBe('010\u200b-****-5678')
    expect(masked('010–1234—5678')).toBe('010–****—5678')
    expect(masked('홍길동 과장'.normalize('NFD'))).toContain('*')
    expect(masked('hong＠example.com')).toBe('h***＠example.com')
  })

  it('a date that nobody can be born on, and one to come, are no resident numbers', () => {
    expect(masked('990230-1234567')).toBe('990230-1234567')
    expect(masked('번호 271201-3234567')).toBe('번호 271201-3234567')
  })

  it('findings say where, in units of the text that was given, and do not hold what', () => {
    expect(mask('a\u200b 010-1234-5678', { today }).findings).toEqual([{ kind: 'phone', from: 3, to: 16 }])
  })
})

describe('the labelled sentences', () => {
  const floors = {
    email: { precision: 0.99, recall: 0.99 },
    phone: { precision: 0.99, recall: 0.99 },
    resident_number: { precision: 0.99, recall: 0.99 },
    name: { precision: 0.95, recall: 0.9 },
  }
  const detect = (text: string) => mask(text, { today }).findings

  it('are enough to mean something, half of them with nothing personal', () => {
    const all = [...readSentences('sentences'), ...readSentences('held-out')]
    expect(all.length).toBeGreaterThanOrEqual(400)
    expect(all.filter(({ expected }) => expected.length === 0).length).toBeGreaterThan(all.length / 2)
  })

  it.each(['sentences', 'held-out'])('%s: precision and recall of each kind are above their floor', (file) => {
    const sentences = readSentences(file)
    for (const kind of piiKinds) {
      const { found, missed, wrong, precision, recall } = scoreOf(kind, sentences, detect)
      process.stdout.write(
        `${file} ${kind}: ${found} found, precision ${precision.toFixed(3)}, recall ${recall.toFixed(3)}\n`,
      )
      expect({ kind, wrong, isPrecise: precision >= floors[kind].precision }).toMatchObject({ isPrecise: true })
      expect({ kind, missed, isComplete: recall >= floors[kind].recall }).toMatchObject({ isComplete: true })
    }
  })

  it('a detector that hides every word with a surname would fail', () => {
    const everyWord = (text: string) =>
      [...text.matchAll(/[김이박최정강조][가-힣]{1,2}/g)].map(({ index, 0: found }) => ({
        kind: 'name' as const,
        from: index,
        to: index + found.length,
      }))
    expect(scoreOf('name', readSentences('sentences'), everyWord).precision).toBeLessThan(0.5)
  })
})

describe('any text', () => {
  const pieces = fc.constantFrom(
    '홍길동',
    '김',
    '이상',
    ' ',
    '과장',
    '님',
    '010',
    '-',
    '1234',
    '5678',
    '900101',
    '1234567',
    '@',
    'x.kr',
    'abc',
    '.',
    '담당자',
    ':',
    ',',
    '+82',
    '(',
    ')',
    '\u200b',
    '０',
    '와',
    '\n',
    '*',
  )
  const texts = fc.oneof(
    fc.array(pieces, { maxLength: 40 }).map((parts) => parts.join('')),
    fc.string({ unit: 'binary', maxLength: 200 }),
  )

  it('changes only what it reports, and finds nothing more in what it has hidden', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const { text: hidden, findings } = mask(text, { today })
        let at = 0
        for (const { from, to } of findings) {
          expect(from).toBeGreaterThanOrEqual(at)
          expect(to).toBeGreaterThan(from)
          expect(hidden).toContain(text.slice(at, from))
          at = to
        }
        expect(hidden.endsWith(text.slice(at))).toBe(true)
        if (findings.length === 0) expect(hidden).toBe(text)
        expect(mask(hidden, { today }).text).toBe(hidden)
      }),
      { numRuns: 1_000 },
    )
  })

  it('identifiers and hashes stay as they are', () => {
    expect(masked('edge 0101110000aa0a0aaaa0')).toBe('edge 0101110000aa0a0aaaa0')
    fc.assert(
      fc.property(fc.oneof(fc.uuid(), fc.uuid({ version: 7 }), fc.stringMatching(/^[0-9a-f]{32,64}$/)), (id) => {
        expect(masked(`edge ${id} "${id}"`)).toBe(`edge ${id} "${id}"`)
      }),
      { numRuns: 2_000 },
    )
  })

  it.each([
    ['at signs', '@'],
    ['local parts', 'a.'],
    ['addresses', 'a@b.kr '],
    ['digits', '0'],
    ['groups of digits', '010-'],
    ['blanks between digits', '010  '],
    ['countries', '+82('],
    ['one name after the other', '김철수, '],
    ['surnames', '김'],
    ['labels', '담당자: '],
    ['titles', '과장님'],
    ['Hangul in pieces', '\u1112\u1169'],
    ['signs without width', '0\u200b'],
    ['resident numbers', '900101-1234567 '],
    ['stars', 'a***@'],
  ])('takes a time that grows with the length and no faster: %s', (_, piece) => {
    // Of this process alone: what others take on a busy machine is not its own.
    const cpuMsOf = (letters: number): number => {
      const text = piece.repeat(Math.ceil(letters / piece.length))
      const before = process.cpuUsage()
      mask(text, { today })
      const { user, system } = process.cpuUsage(before)
      return (user + system) / 1_000
    }
    cpuMsOf(20_000)
    // 200,000 letters; ten times as long as was ever seen, and a hundredth of what a quadratic search takes.
    expect(cpuMsOf(200_000)).toBeLessThan(2_000)
  })
})

describe('values', () => {
  it('are masked at every depth, by the name of their member too', () => {
    const { value, counts, isCut } = maskDeep({
      worker: '김영수',
      tag: '이상 발생',
      note: ['연락 010-1234-5678', { 'a@x.kr': 1 }],
      temperature: 24.5,
      ok: true,
      nothing: null,
    })
    expect(value).toEqual({
      worker: '김*수',
      tag: '이상 발생',
      note: ['연락 010-****-5678', { 'a***@x.kr': 1 }],
      temperature: 24.5,
      ok: true,
      nothing: null,
    })
    expect([counts, isCut]).toEqual([{ email: 1, phone: 1, name: 1 }, false])
  })

  it('that are too deep, too many or too long are left out, never passed on as they are', () => {
    let deep: unknown = '홍길동 과장'
    for (let depth = 0; depth < 30; depth++) deep = [deep]
    expect(JSON.stringify(maskDeep(deep).value)).toContain(leftOut)
    const many = maskDeep(Array.from({ length: maskLimits.nodesMax * 2 }, () => 1))
    expect([many.isCut, (many.value as unknown[]).length]).toEqual([true, maskLimits.nodesMax])
    expect(maskDeep(['x'.repeat(maskLimits.lettersMax), '010-1234-5678']).value).toEqual([expect.any(String), leftOut])
    expect(maskDeep({ made: new Map([['a@x.kr', 1]]) }).value).toEqual({ made: leftOut })
  })

  it('named like a prototype stay members', () => {
    const { value } = maskDeep(JSON.parse('{"__proto__":{"a":"a@x.kr"}}'))
    expect(JSON.stringify(value)).toBe('{"__proto__":{"a":"a***@x.kr"}}')
  })
})
