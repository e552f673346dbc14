export const eventsEn = {
  'page.events': 'Events',
  'events.about':
    'Events that a part of the cloud could not take, however often it was tried. Mend the cause, then hand them on once more: whoever took one already does nothing.',
  'events.refused_title': 'Events are for administrators',
  'events.refused_body': 'If you need them, ask one for the permission settings:manage.',
  'events.empty_title': 'Every event was taken',
  'events.empty_body': 'One that fails again and again stands here, with what its last attempt said.',
  'events.died': 'Given up',
  'events.channel': 'Channel',
  'events.subject': 'Of',
  'events.consumer': 'For',
  'events.attempts': 'Attempts',
  'events.error': 'Last error and payload',
  'events.actions': 'Actions',
  'events.retry': 'Hand on again',
  'events.retried': 'It is handed on once more.',
  'events.end': 'These are all.',
} as const
