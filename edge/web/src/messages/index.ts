import { defineMessages, useMessages } from '@jidoka/ui'
import { en } from './en.ts'
import { ko } from './ko.ts'
import { syncEn } from './sync-en.ts'
import { syncKo } from './sync-ko.ts'

export const messages = defineMessages({ en: { ...en, ...syncEn }, ko: { ...ko, ...syncKo } })
export const useText = () => useMessages(messages)
