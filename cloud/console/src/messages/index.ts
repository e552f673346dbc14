import { defineMessages } from '@jidoka/ui'
import { archivesEn } from './archives-en.ts'
import { archivesKo } from './archives-ko.ts'
import { auditEn } from './audit-en.ts'
import { auditKo } from './audit-ko.ts'
import { eventsEn } from './events-en.ts'
import { eventsKo } from './events-ko.ts'
import { fleetEn } from './fleet-en.ts'
import { fleetKo } from './fleet-ko.ts'
import { jobsEn } from './jobs-en.ts'
import { jobsKo } from './jobs-ko.ts'
import { pagesEn } from './pages-en.ts'
import { pagesKo } from './pages-ko.ts'
import { rulesEn } from './rules-en.ts'
import { rulesKo } from './rules-ko.ts'
import { secretsEn } from './secrets-en.ts'
import { secretsKo } from './secrets-ko.ts'
import { storageEn } from './storage-en.ts'
import { storageKo } from './storage-ko.ts'
import { tenantsEn } from './tenants-en.ts'
import { tenantsKo } from './tenants-ko.ts'

export const messages = defineMessages({
  en: {
    ...pagesEn,
    ...fleetEn,
    ...rulesEn,
    ...secretsEn,
    ...auditEn,
    ...eventsEn,
    ...jobsEn,
    ...archivesEn,
    ...storageEn,
    ...tenantsEn,
  },
  ko: {
    ...pagesKo,
    ...fleetKo,
    ...rulesKo,
    ...secretsKo,
    ...auditKo,
    ...eventsKo,
    ...jobsKo,
    ...archivesKo,
    ...storageKo,
    ...tenantsKo,
  },
})
