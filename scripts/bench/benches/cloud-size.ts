/** `npm run bench cloud -- --full` pages through the ten million judgments of 1,000 tenants that are promised; without it through a tenth of both. */
export const judgments = process.argv.includes('--full') ? 10_000_000 : 1_000_000
export const tenants = judgments / 10_000
export const months = 24

const million = `${judgments / 1_000_000} million judgments`
/** As rows are named: a figure says of how much it is. */
export const ofOne = `${million} of 1 tenant`
export const ofMany = `${million} of ${tenants.toLocaleString('en')} tenants`
/** What one of the many is compared with where its page is looked for in more months than that of a large tenant. */
export const ofAlone = `${(judgments / tenants).toLocaleString('en')} judgments of 1 tenant`
