import { auditCases } from '../modules/audit/audit.cases.ts'
import { bodiesCases } from '../modules/fleet/bodies.cases.ts'
import { enrolmentCases } from '../modules/fleet/enrolment.cases.ts'
import { commandCases } from '../modules/fleet/commands.cases.ts'
import { courierCases } from '../modules/fleet/courier/courier.cases.ts'
import { courierWorkCases } from '../modules/fleet/courier/courier-work.cases.ts'
import { courierExportCases } from '../modules/fleet/courier/export.cases.ts'
import { desiredCases } from '../modules/fleet/desired.cases.ts'
import { ingestionCases } from '../modules/fleet/ingestion.cases.ts'
import { overviewCases } from '../modules/fleet/overview.cases.ts'
import { compactMigrationCases } from '../modules/fleet/readings/compact-migration.cases.ts'
import { rangesCases } from '../modules/fleet/ranges.cases.ts'
import { requestCostCases } from '../modules/fleet/request-cost.cases.ts'
import { runsAndDropsCases } from '../modules/fleet/runs-and-drops.cases.ts'
import { shapeCases } from '../modules/fleet/shape.cases.ts'
import { syncRefusalCases } from '../modules/fleet/sync-refusals.cases.ts'
import { twoHistoriesCases } from '../modules/fleet/two-histories.cases.ts'
import { identityCases } from '../modules/identity/identity.cases.ts'
import { judgmentCases } from '../modules/judgment/judgment.cases.ts'
import { rulesCases } from '../modules/judgment/rules.cases.ts'
import { migrationCases } from '../platform/db/migrations.cases.ts'
import { partitionCases } from '../platform/partitions.cases.ts'
import { rowSecurityCases } from '../platform/db/row-security.cases.ts'
import { httpCases } from '../platform/http/http.cases.ts'
import type { NewStore } from './stores.ts'

/** Everything that touches the database, to be run on each backend: one code path must have one behaviour. */
export function runStoreCases(newStore: NewStore): void {
  migrationCases(newStore)
  rowSecurityCases(newStore)
  partitionCases(newStore)
  identityCases(newStore)
  auditCases(newStore)
  enrolmentCases(newStore)
  ingestionCases(newStore)
  requestCostCases(newStore)
  twoHistoriesCases(newStore)
  syncRefusalCases(newStore)
  bodiesCases(newStore)
  rangesCases(newStore)
  compactMigrationCases(newStore)
  runsAndDropsCases(newStore)
  courierCases(newStore)
  courierWorkCases(newStore)
  courierExportCases(newStore)
  desiredCases(newStore)
  commandCases(newStore)
  shapeCases(newStore)
  overviewCases(newStore)
  judgmentCases(newStore)
  rulesCases(newStore)
  httpCases(newStore)
}
