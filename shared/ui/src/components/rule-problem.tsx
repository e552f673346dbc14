import { unjudged } from '@jidoka/domain'
import { Fragment } from 'react'
import { useUi } from '../context/ui-context.tsx'
import { shownRuleProblems } from '../messages/rule-problems.ts'

/**
 * What is wrong with a rule, in the reader's language; the words of the script's parser are quoted as they are. `text`: as it was
 * stored or reported. `isOfPlace`: it is of a place in the script, which is shown beside it.
 */
export function RuleProblemText({ text, isOfPlace = false }: { text: string; isOfPlace?: boolean }) {
  const { locale } = useUi()
  const problems = shownRuleProblems(text, locale, isOfPlace).map((problem, index) => ({ ...problem, key: index }))
  return (
    <>
      {problems.map(({ sentence, quoted, key }) => (
        <Fragment key={key}>
          {key === 0 ? null : <br />}
          {sentence}
          {quoted === null ? null : sentence === '' ? (
            <span lang="en">{quoted}</span>
          ) : (
            <>
              {' '}
              (<code lang="en">{quoted}</code>)
            </>
          )}
        </Fragment>
      ))}
    </>
  )
}

/** What a judgment says: in the rule's own words, and in ours where nothing could be judged. */
export function Explanation({ status, text }: { status: string; text: string }) {
  return status === unjudged ? <RuleProblemText text={text} /> : text
}
