import { defineMessages } from '../i18n/messages.ts'
import { en } from './en.ts'
import { ko } from './ko.ts'

export const uiMessages = defineMessages({ en, ko })
