import { expect, it } from 'vitest'
import { httpSettingsSchema } from './settings.ts'

const origins = (text: string) => httpSettingsSchema.safeParse({ cors_origins: text })

it('takes origins as browsers say them, and none by default', () => {
  expect(httpSettingsSchema.parse({}).cors_origins).toEqual([])
  expect(origins('').data?.cors_origins).toEqual([])
  expect(origins('https://mes.example.kr, http://localhost:5173').data?.cors_origins).toEqual([
    'https://mes.example.kr',
    'http://localhost:5173',
  ])
})

it.each([
  ['*', 'Name each by itself'],
  ['https://mes.example.kr/', 'is not as a browser says it: "https://mes.example.kr"'],
  ['https://mes.example.kr:443', 'is not as a browser says it'],
  ['https://*.example.kr', 'Name each by itself'],
  ['mes.example.kr', 'is no origin'],
  ['null', 'is no origin'],
])('refuses "%s" as an origin, with a sentence', (text, sentence) => {
  expect(origins(text).error?.issues[0]?.message).toContain(sentence)
})
