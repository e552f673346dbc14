import { workerData } from 'node:worker_threads'
import type { ReceiptVerdict } from '@jidoka/contract'
import { openReader } from '../store/journal-reader.ts'
import { serveCalls } from '../threads/serve-calls.ts'
import { verifyMore, verifyOne } from './receipt-verify.ts'
import type { VerifiedStretch, VerifyMoreQuestion, VerifyOneQuestion } from './receipt-verify.ts'

/** Counting the rows of weeks anew takes minutes, beside the thread that answers sensors. */
const reader = openReader(workerData as { readonly dataFolder: string })

const functions = {
  one: (question: VerifyOneQuestion): ReceiptVerdict | null => verifyOne(reader, question),
  more(question: VerifyMoreQuestion): VerifiedStretch {
    const startMs = performance.now()
    return verifyMore(reader, question, () => performance.now() - startMs)
  },
}
export interface ReceiptFunctions {
  readonly [name: string]: (argument: never) => unknown
  readonly one: (question: VerifyOneQuestion) => ReceiptVerdict | null
  readonly more: (question: VerifyMoreQuestion) => VerifiedStretch
}

serveCalls(functions)
