/** As the contract has it. */
export const siteCodeProblem = (code: string): boolean => !/^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$/.test(code)

/** A week at most: a token that lies about longer is one that somebody finds. */
const validMinMax = 10_080

export function validMinProblem(text: string): boolean {
  const minutes = /^\d{1,6}$/.test(text.trim()) ? Number(text) : 0
  return minutes < 1 || minutes > validMinMax
}

/** What is typed at the appliance. Quotes, so that a shell takes the token as it is. */
export function enrolCommand(token: string, cloudUrl: string): string {
  return [`JIDOKA_CLOUD_URL='${cloudUrl}' \\`, `JIDOKA_ENROLMENT_TOKEN='${token}' \\`, 'npm run start:edge'].join('\n')
}
