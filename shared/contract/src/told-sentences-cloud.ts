/** Of the cloud's moves, files, archives and jobs, and of its databases: what its pages are told when one of them does not go on. As toldSentences. */
export const cloudSentences = {
  // Databases and what else the cloud stands on.
  'database.silent': ['The database does not answer. Try again in a moment.'],
  'database.away': ['the database is not available: {why} ({more})', 'the database is not available: {why}'],
  'database.late': ['the database {name} did not answer within {s} s'],
  'database.late_before': ['the database {name} did not answer a moment ago'],
  'database.never_reached': ['the database {name} has not been reached since this process started'],
  'database.elsewhere': [
    'the tenant {tenant} is served by the database {name}, which this process does not use; give it the same settings as the others have ({more})',
    'the tenant {tenant} is served by the database {name}, which this process does not use; give it the same settings as the others have',
  ],
  'module.silent': ['The module {name} does not answer. Try again in a moment.'],
  'keys.silent': ['The service that keeps the keys does not answer. Try again in a moment.'],
  'request.given_up': ['What this waited for was given up. Try again.'],
  'request.unreadable': ['The body cannot be read as JSON. Mend it and send it again.'],
  'request.unholdable': [
    'The request holds a character or a time that cannot be stored. Leave it out and send the request again.',
  ],
  'request.too_large': ['The body is larger than {#bytes} bytes. Send less at once.'],

  // What keeps a tenant's move from beginning.
  'move.no_database': ['There is no database "{name}"; there are {databases}.'],
  'move.no_tenant': ['There is no tenant "{tenant}". Look at: tenant list'],
  'move.one_database': [
    'This cloud has one database, and nowhere to move a tenant to.',
    'This process has one database. Give it the settings that the others have.',
  ],
  'move.there': ['The tenant "{tenant}" is in "{database}" already.'],
  'move.taken': [
    'The database "{database}" is for one tenant, and "{taken}" has it, or is on its way there. Take a shard, or another database; where two were asked for at once, ask again for one.',
    'The database "{database}" is for one tenant, and "{taken}" has it. Take a shard, or another database.',
    'The database "{database}" is for one tenant, and "{taken}" has it.',
  ],
  'move.under_way': [
    'The tenant "{tenant}" is being moved already. Look at it (tenant status {same}), or end it (tenant cancel {again}).',
  ],
  'move.left_behind': [
    'What the tenant "{tenant}" has left in "{database}" is not dropped yet. Wait for the week to pass, or drop it now: tenant drop-old {same} --now',
  ],
  'tenant.not_made': ['The tenant "{tenant}" was not made within {#s} s, and is not made any more. Do it again.'],
  'tenant.being_made': [
    'The tenant "{tenant}" with the login "{login}" is being made by {by}. Should nothing come of it, ask for the same again, or for another {#minutes} minutes later.',
  ],
  'tenant.taken': ['There is a tenant "{tenant}" already. Choose another id.'],
  'tenant.login_taken': ['Somebody on this cloud has the login "{login}" already. Choose another.'],

  // What keeps it from going on.
  'move.database_away': ['The database "{name}" cannot be reached. See that it runs, then try again.'],
  'move.other_tables': [
    'The tables of "{from}" and "{to}" are not the same. Bring both up to date with "migrate up", then go on.',
  ],
  'move.no_key': [
    'The table {table} has neither a primary key nor a unique constraint with "nulls not distinct", so its rows cannot be told apart in a move. Give it one in a migration.',
  ],
  'move.circle': [
    'The tables {tables} point to each other in a circle, so none can be copied first. Let one of the foreign keys go.',
  ],
  'move.occupied': [
    '"{to}" has rows of the tenant "{tenant}" already, in {table}, and they are not this move\'s. Find out where they are from; nothing was written.',
  ],
  'move.months_changed': [
    '"{database}" has no partition for {months}, which came or went while the tenant moved. Go on: they are made, and all rows are verified anew.',
  ],
  'move.archiving': [
    '"{from}" is about to archive and drop {months}, which are out of their tables already. Let that job end (partitions.keep), then go on.',
  ],
  'move.other_rows': [
    '{table} has {#here} rows on the source and {#there} on the target, or others, {span}. Cancel the move and begin it anew; should it come again, something else writes to one of the databases.',
  ],
  'move.came_out_otherwise': [
    'Rows of {table} came out otherwise on the target than they are on the source. Cancel the move, and look for a trigger or a default on the target that the source does not have.',
  ],
  'move.value_taken': [
    "Rows of {table} cannot be written on the target: a value that must be in one row alone is in another row there already. Find that row (it may be another tenant's), then go on, or cancel the move.",
  ],
  'move.never_free': [
    'The table {table} was never free for a moment: somebody has had a transaction on it for long. Look for the oldest xact_start in pg_stat_activity, end it, and go on. ({more})',
  ],
  'move.never_quiet': [
    'The tenant "{tenant}" never stopped writing for {#ms} ms. Somebody keeps a transaction open (look in pg_stat_activity), or it writes more than can be taken over in time: go on at a quieter hour. ({why})',
  ],
  'move.switch_late': ['the switch took too long'],
  'move.target_late': ['the target did not answer in time', 'the target did not answer in time ({more})'],
  'move.stopped': ['The program stops; the move is gone on with where it is.'],
  'move.worked_on': [
    'Another program works on this move. Should it have died, its lease ends within {#s} s: try again then.',
  ],
  'move.replaced': [
    'Another program goes on with this move. Look at: tenant status',
    'Another program has gone on with this move. Look at: tenant status',
    'Another program goes on with this move, or it was cancelled. Look at: tenant status',
  ],

  // What keeps it from ending.
  'move.cancelled': ['The move was cancelled.'],
  'move.not_cancellable': ['No move of this tenant can be cancelled: there is none, or it is switched.'],
  'move.too_late': [
    'The tenant "{tenant}" has been served by "{to}" since {at}: the move cannot be cancelled any more. Move the tenant back to "{from}" instead, once what it has left there is dropped.',
  ],
  'move.nothing_left': ['The tenant "{tenant}" has left nothing behind. Look at: tenant status'],
  'move.kept_until': [
    'What "{tenant}" has left in "{database}" is kept until {at}. To drop it before: tenant drop-old {same} --now',
  ],
  'move.dropped_already': ['What "{tenant}" had left in "{database}" is dropped already.'],
  'move.dropped_some': ['dropped what {#done} tenants had left, and not that of {#failed}: {why}'],

  // Files and archives.
  'files.silent': ['The files cannot be reached now. Try again in a moment.'],
  'files.damaged': [
    'The stored object is damaged: {why}. Restore the bucket or the folder from a backup.',
    'The stored object is damaged: {why}. Restore the bucket or the folder from a backup. ({more})',
  ],
  'files.bucket_away': [
    'The bucket {bucket} at {endpoint} cannot be used: {why}. Look at S3_ENDPOINT, S3_BUCKET and the access key, then try again.',
    'The bucket {bucket} at {endpoint} cannot be used: {why}. Look at S3_ENDPOINT, S3_BUCKET and the access key, then try again. ({more})',
  ],
  'files.folder_away': [
    'The folder for objects {folder} cannot be used: {why}. Mend its rights or make room, then try again.',
    'The folder for objects {folder} cannot be used: {why}. Mend its rights or make room, then try again. ({more})',
  ],
  'files.no_answer': ['no answer within {#s} s'],
  'files.too_slow': ['Writing the object took so long that it was given up. Try again.'],
  'files.gone_meanwhile': ['The object was replaced or removed while it was read. Open it again.'],
  'files.type': ['An object of the kind "{kind}" cannot be of the type {type}. It may be {types}.'],
  'files.size': ['An object of the kind "{kind}" has at most {#bytes} bytes. Store less at once.'],
  'files.undeclared': [
    'What came is not what was declared: {#bytes} bytes with the SHA-256 {sha256}. Nothing of it was kept; send the file that was declared, or ask for a link for this one.',
  ],
  'files.other_size': [
    'The link is for {#bytes} bytes, and {#would} would come. Send the file that was declared, or ask for a link for this one.',
  ],
  'files.full': [
    'It does not fit: with it there would be {would}. Remove files that are no longer needed, or ask whoever runs this cloud for more room.',
  ],
  'files.cut_off': ['The file was cut off on its way. Nothing of it was kept; send it again by the same link.'],
  'files.link_used': ['The link has been used, and for other bytes than these. Ask for a new one.'],
  'files.is_archive': ['It is an archive, which stands in a list of its own. Remove it on the page Archives.'],
  'archive.too_many_rows': ['It has {#rows} rows; at most {#most} are read back. Download the file instead.'],
  'archive.differs': [
    'the archive of {table} for {tenant} is not what the database holds: {#rows} rows counted, {#written} written, {#read} read back. The partition stays; the next run writes the archive anew',
  ],
  'archive.two_writers': ['somebody else writes the archive {key} at the same time'],
  'archive.not_kept': [
    '{#failed} partitions could not be kept, and stay; the log names each and says why. The first is {partition}: {why}',
  ],
  'archive.in_use': [
    'the table was in use for more than {#s} s; the next run tries again ({more})',
    'the table was in use for more than {#s} s; the next run tries again',
  ],
  'archive.there': ['Its rows are there already, or on their way.'],
  'archive.file_gone': ['The file of the archive is gone. Restore it from a backup.'],
  'archive.not_read_back': ['Its rows are in the file alone. Have them read back first, or download it.'],
  'archive.nothing_back': ['Its rows are in the file alone: nothing is to be taken back.'],
  'archive.read_back': ['Its rows were read back. Take them away first, and wait until they are gone.'],
  'secrets.full': ['There are {#count} secrets already. Remove one that nobody uses.'],
  'secrets.unopened': [
    '{#failed} sealed rows could not be opened, and {#done} were rewrapped. The log names them: put the master key back that they name, or set these secrets anew.',
  ],
  'secrets.unreached': [
    '{#done} were rewrapped, and these databases did not answer: {databases}. Keep the older keys: the next run goes on there.',
  ],

  // Jobs.
  'job.input': ['its input is not right: {why}'],
  'job.too_late': ['it was not done within {#s} s'],
  'job.result': ['its result must be flat and at most {#bytes} bytes'],
  'job.did_not_end': ['it did not end when it was told to'],
  'job.process_gone': ['the process that ran it ended, or was silent, before it was done'],
  'job.input_large': ['The input of a job is at most {#bytes} bytes. Put what is larger into an object and name that.'],
  'job.too_many': ['{#count} of this job wait already. Cancel some, or come again.'],
  'job.over': ['The job has ended already. Reload the page to see how.'],
  'job.another': ['Another of this job waits or runs, and there is one at a time. Wait until that has ended.'],
  'job.not_back': ['Only a job that failed for good or was cancelled can be put back. Reload the page.'],

  // Commands to edges, what they make, and files that are carried to and from them.
  'command.other_words': ['This id was given to another command. Make a new id for this one.'],
  'command.taken_back': ['This command was taken back. Make a new id to give it once more.'],
  'command.too_many': ['{#count} commands of this edge are not done yet. Wait for them, or take some back.'],
  'bundle.of_no_command': ['This command makes no bundle. Nothing is to be sent for it.'],
  'bundle.ended': ['This command is {state} already. Issue a new one to fetch a new bundle.'],
  'bundle.late': ['This command has expired. Issue a new one to fetch a bundle.'],
  'bundle.busy': ['Other bundles are being fetched. Try again in a moment.'],
  'desired.too_large': ['The item is larger than {#bytes} bytes. Split the catalogue.'],
  'courier.gets_nothing': ['"{name}" was revoked: it gets nothing any more. Enrol it again first.'],
  'courier.key_untold': [
    '"{name}" has not told its courier key yet. It does so by itself the first time that it reaches the cloud with a program of version 1.2 of the protocol.',
  ],
  'courier.down_too_large': [
    'What "{name}" shall be takes {#bytes} bytes, more than a courier file downwards may hold. Take back items that it does not need.',
  ],
  'courier.up_too_large': ['A courier file has {#bytes} bytes at most. Export it again with a smaller --max-bytes.'],
  'courier.piece_too_large': ['A piece has {#bytes} bytes at most. Cut the file there.'],
  'courier.id_taken': [
    'A courier file with this id is here from another appliance, or from another epoch of this one. Export it again on the appliance.',
  ],
  'courier.other_length': [
    'This file was begun with {#before} bytes and now has {#bytes}: one of the two is a part of it. Choose the whole one.',
  ],
  'courier.worked_on': ['The file is being worked on. Wait until it is done.'],
  'courier.too_many': [
    '{#count} courier files are not done yet. Import what they wait for, or remove those that nobody needs.',
  ],
  'courier.full': [
    'The courier files that wait here fill what may be kept of them. Import what they wait for first, or remove some.',
  ],
} as const satisfies Readonly<Record<string, readonly string[]>>
