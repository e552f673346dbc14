import { defineMessages } from '@jidoka/ui'
import { pagesEn } from './pages-en.ts'
import { pagesKo } from './pages-ko.ts'
import { rulesEn } from './rules-en.ts'
import { rulesKo } from './rules-ko.ts'

export const messages = defineMessages({ en: { ...pagesEn, ...rulesEn }, ko: { ...pagesKo, ...rulesKo } })
