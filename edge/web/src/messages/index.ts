import { defineMessages, useMessages } from '@jidoka/ui'
import { en } from './en.ts'
import { ko } from './ko.ts'

export const messages = defineMessages({ en, ko })
export const useText = () => useMessages(messages)
