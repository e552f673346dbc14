import { auditCases } from '../modules/audit/audit.cases.ts'
import { auditChainCases } from '../modules/audit/chain.cases.ts'
import { keyRotationCases } from '../modules/audit/key-rotation.cases.ts'
import { tamperingCases } from '../modules/audit/tampering.cases.ts'
import { bodiesCases } from '../modules/fleet/bodies.cases.ts'
import { enrolmentCases } from '../modules/fleet/enrolment.cases.ts'
import { commandCases } from '../modules/fleet/commands.cases.ts'
import { courierCases } from '../modules/fleet/courier/courier.cases.ts'
import { courierWorkCases } from '../modules/fleet/courier/courier-work.cases.ts'
import { courierExportCases } from '../modules/fleet/courier/export.cases.ts'
import { courierRefusalCases } from '../modules/fleet/courier/refusals.cases.ts'
import { desiredCases } from '../modules/fleet/desired.cases.ts'
import { ingestionCases } from '../modules/fleet/ingestion.cases.ts'
import { overviewCases } from '../modules/fleet/overview.cases.ts'
import { compactMigrationCases } from '../modules/fleet/readings/compact-migration.cases.ts'
import { rangesCases } from '../modules/fleet/ranges.cases.ts'
import { mergeCases } from '../modules/fleet/readings/merge.cases.ts'
import { writesCases } from '../modules/fleet/readings/writes.cases.ts'
import { requestCostCases } from '../modules/fleet/request-cost.cases.ts'
import { runsAndDropsCases } from '../modules/fleet/runs-and-drops.cases.ts'
import { shapeCases } from '../modules/fleet/shape.cases.ts'
import { syncRefusalCases } from '../modules/fleet/sync-refusals.cases.ts'
import { twoHistoriesCases } from '../modules/fleet/two-histories.cases.ts'
import { waitingCases } from '../modules/fleet/waiting.cases.ts'
import { gatewayCases } from '../modules/gateway/gateway.cases.ts'
import { accessCases } from '../modules/identity/access.cases.ts'
import { identityCases } from '../modules/identity/identity.cases.ts'
import { judgmentCases } from '../modules/judgment/judgment.cases.ts'
import { pagePlanCases } from '../modules/judgment/page-plans.cases.ts'
import { rulesCases } from '../modules/judgment/rules.cases.ts'
import { databaseCases } from '../platform/db/database.cases.ts'
import { extensionCases } from '../platform/db/extensions.cases.ts'
import { migrationCases } from '../platform/db/migrations.cases.ts'
import { releaseStatementCases } from '../platform/db/release-statements.cases.ts'
import { eventsCases } from '../platform/events/events.cases.ts'
import { jobsCases } from '../platform/jobs/jobs.cases.ts'
import { blobsInFolder } from '../platform/objects/object-world.ts'
import { objectsCases } from '../platform/objects/objects.cases.ts'
import { uploadCases } from '../platform/objects/uploads.cases.ts'
import { archiveCases } from '../platform/archive/archive.cases.ts'
import { keepCases } from '../platform/partitions/keep.cases.ts'
import { partitionCases } from '../platform/partitions/partitions.cases.ts'
import { statementBudgetCases } from '../platform/db/statement-budget.cases.ts'
import { rowSecurityCases } from '../platform/db/row-security.cases.ts'
import { rowSecurityRoutesCases } from '../platform/db/row-security-routes.cases.ts'
import { portCases } from '../platform/remote/ports.cases.ts'
import { declaredCases } from '../platform/http/declared.cases.ts'
import { hangUpCases } from '../platform/http/hang-up.cases.ts'
import { listCases } from '../platform/http/lists.cases.ts'
import { httpCases } from '../platform/http/http.cases.ts'
import { onceCases } from '../platform/http/idempotency/once.cases.ts'
import { secretsCases } from '../platform/secrets/secrets.cases.ts'
import { piiCases } from '../platform/secrets/pii.cases.ts'
import { metricsCases } from '../platform/metrics.cases.ts'
import { tracingCases } from '../platform/tracing.cases.ts'
import { ownDatabaseCases } from '../platform/tenancy/own-databases.cases.ts'
import { tenantCases } from '../platform/tenancy/tenants.cases.ts'
import type { NewStore } from './stores.ts'

/**
 * Everything that touches the database, to be run on each backend: one code path must have one behaviour.
 * @param isShared whether others than the program can be connected to the database
 */
export function runStoreCases(newStore: NewStore, isShared = false): void {
  migrationCases(newStore)
  releaseStatementCases(newStore)
  databaseCases(newStore)
  extensionCases(newStore)
  rowSecurityCases(newStore)
  rowSecurityRoutesCases(newStore)
  partitionCases(newStore)
  keepCases(newStore, isShared)
  archiveCases(newStore)
  objectsCases(newStore, blobsInFolder)
  uploadCases(newStore)
  jobsCases(newStore)
  eventsCases(newStore)
  identityCases(newStore)
  accessCases(newStore)
  auditCases(newStore)
  auditChainCases(newStore)
  tamperingCases(newStore)
  keyRotationCases(newStore)
  secretsCases(newStore)
  piiCases(newStore)
  enrolmentCases(newStore)
  ingestionCases(newStore)
  requestCostCases(newStore)
  twoHistoriesCases(newStore)
  syncRefusalCases(newStore)
  waitingCases(newStore)
  bodiesCases(newStore)
  rangesCases(newStore)
  mergeCases(newStore)
  writesCases(newStore)
  compactMigrationCases(newStore)
  runsAndDropsCases(newStore)
  courierCases(newStore)
  courierRefusalCases(newStore)
  courierWorkCases(newStore)
  courierExportCases(newStore)
  desiredCases(newStore)
  commandCases(newStore)
  shapeCases(newStore)
  overviewCases(newStore)
  judgmentCases(newStore)
  pagePlanCases(newStore)
  rulesCases(newStore)
  httpCases(newStore)
  declaredCases(newStore)
  hangUpCases(newStore)
  listCases(newStore)
  gatewayCases(newStore)
  portCases(newStore)
  tracingCases(newStore)
  metricsCases(newStore)
  onceCases(newStore)
  tenantCases(newStore)
  ownDatabaseCases(newStore)
  statementBudgetCases(newStore)
}
