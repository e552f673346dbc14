export const auditEn = {
  'audit.filters': 'Filters of the audit',
  'audit.actor_example': 'kim',
  'audit.action_example': 'rule, or rule.save',
  'audit.subject_example': 'press-temperature',
  'audit.none_title': 'No entry fits these filters',
  'audit.none_body': 'Who and On must be the whole word; What is found by its first word too.',
  'audit.chain': 'Chain of the log',
  'audit.unverified':
    'The log has not been verified yet. That is done within ten minutes of the start, and then once a day.',
  'audit.verified': 'Verified at {at}: all {count} entries are as they were written.',
  'audit.changed_title': 'The log is not what was written',
  'audit.changed_body':
    'The verification at {at} found the following. Leave the database as it is, tell who is responsible for security, and compare with a backup.',
  'audit.sealed': '{count} entries are sealed, {waiting} wait.',
  'audit.signed': 'Signed up to entry {count} at {at} by the key {key}…',
  'audit.export': 'Export the whole log',
  'audit.export_hint': 'JSON lines with checkpoints; “audit check” proves the file without the database.',
} as const
