import { cloudSentences } from './told-sentences-cloud.ts'

/**
 * Sentences that programs say of themselves and that journals, ledgers and answers carry as English text: an edge of any version may have written them, and a
 * cloud of any version reads them, so the text stays what goes over the line. Each has a code here, under which the pages keep it in other languages.
 * `{#name}` takes a whole number alone. A sentence that changes keeps its former texts behind the present one: what is stored is not rewritten.
 */
export const toldSentences = {
  // Why the line was silent.
  'line.no_answer': ['no answer in time', 'it does not answer in time'],
  'line.connection_refused': [
    'connect ECONNREFUSED {address}',
    'AggregateError; connect ECONNREFUSED {address}; {more}',
  ],
  'line.no_name': ['getaddrinfo ENOTFOUND {host}', 'getaddrinfo EAI_AGAIN {host}'],
  'line.unreachable': [
    'connect EHOSTUNREACH {address}',
    'connect ENETUNREACH {address}',
    'connect ETIMEDOUT {address}',
  ],
  'line.connect_timeout': ['Connect Timeout Error (attempted address: {address}, timeout: {ms}ms)'],
  'line.broken_off': [
    'read ECONNRESET',
    'connect ECONNRESET',
    'connect ECONNRESET {address}',
    'write ECONNRESET',
    'write EPIPE',
    'other side closed',
    'socket hang up',
    'terminated',
  ],
  'line.certificate_expired': ['certificate has expired'],
  'line.certificate': [
    'self-signed certificate',
    'self-signed certificate in certificate chain',
    'unable to verify the first certificate',
    'unable to get local issuer certificate',
  ],
  'line.certificate_name': ["Hostname/IP does not match certificate's altnames: {why}"],
  'line.strange': ["an answer that is not the cloud's (HTTP {status})"],
  'line.refused': ['refused: {kind}'],
  'line.silent': ['The cloud does not answer ({cause}). Everything is kept here and sent when it is back.'],

  // Why the appliance is not enrolled.
  'enrol.none': [
    'This appliance has no enrolment. Make a token in the console and set it as "cloud.enrolment_token" (JIDOKA_ENROLMENT_TOKEN).',
  ],
  'enrol.unknown_answer': [
    'The cloud answered the enrolment in a way that this program does not understand. Upgrade the older end.',
  ],
  'enrol.refused': ['{why} Set it as "cloud.enrolment_token" (JIDOKA_ENROLMENT_TOKEN) and start again.'],
  'enrol.unreachable': ['The cloud at {url} cannot be reached to enrol: {cause}. It is tried again by itself.'],

  // Why a lane stands still, and refusals of the cloud.
  'lane.diverged': [
    'At number {seq} this appliance and the cloud hold different rows. Sending has stopped and everything stays stored here; was this appliance copied or restored from an image? Then start a new epoch.',
  ],
  'lane.cloud_ahead': [
    'The cloud has rows up to {seq} that this appliance never wrote: it was restored from an older image, or copied. Everything stays stored here; start a new epoch.',
  ],
  'lane.forged_receipt': [
    'The cloud answered with a receipt that none of the trusted keys has signed. Nothing is pruned; check the address of the cloud, or enrol again to renew the list of keys.',
  ],
  'lane.poison_limit': [
    'The cloud cannot read row {seq} ({detail}), and as many rows as a day allows have been set aside already: it is the cloud that needs an upgrade, or to be put back. Everything else stays stored here.',
  ],
  'lane.unreadable': [
    'The journal cannot give the next batch: {cause}. It is tried again; check the disk if this stays.',
  ],
  'refusal.gap': ['Rows before this batch are missing. The edge goes back to the expected number by itself.'],
  'refusal.wrong_epoch': [
    'The cloud knows a newer epoch of this appliance: another copy of it began one, or this one was restored from an older image. Everything stays stored here; delete nothing. Stop the copy that shall not go on. On the one that shall, start a new epoch (jidoka epoch new says first what it would do): what the cloud has not received goes up then.',
    'A newer life of this data folder is known: this one was restored from an older image or copied. Stop the copy; an appliance that shall go on from an old image enrols anew with an empty data folder.',
  ],
  'refusal.unknown_edge': ['The cloud does not know this edge. Enrol it with a new token from the console.'],
  'refusal.revoked': ['This edge was revoked in the console. Everything stays stored here; enrol it again to go on.'],
  'refusal.malformed': [
    'The cloud could not read the message. Nothing was lost; the edge tries again slowly. Report the detail.',
  ],
  'refusal.malformed_with': [
    'The cloud could not read the message. Nothing was lost; the edge tries again slowly. Report the detail. ({detail})',
  ],
  'refusal.too_large': ['The message exceeds the limits of the cloud. The edge goes on with smaller ones by itself.'],
  'refusal.protocol_version': [
    'The two ends speak too different versions of the protocol. Upgrade the end that is named; everything stays stored until then.',
  ],
  'refusal.busy': ['The cloud is busy. The edge waits as long as it was told and tries again.'],
  'refusal.digest': [
    'The two ends hold different rows. Sending has stopped so that nothing is overwritten; the console (Fleet) and the board (Cloud and disk) show number and digest of each.',
  ],
  'refusal.bad_signature': [
    'The signature does not fit the key that was enrolled. Another program uses this name, or the key was replaced: enrol again.',
  ],
  'refusal.stale': [
    'The clocks of the two ends differ. The edge takes over the time of the answer and repeats the request by itself.',
  ],
  'refusal.replayed': ['This very request has been seen before. The edge repeats it with a new number by itself.'],
  'refusal.bad_token': ['The enrolment token is wrong, used, or has expired. Make a new one in the console.'],

  // Epochs and the comparison of the two ends.
  'epoch.other': [
    'The present epoch begins with {present}, not with {given}. Look again whether this is the right appliance.',
  ],
  'epoch.beginning': ['A new epoch is being begun already. Wait until it is there.'],
  'epoch.stopping': ['The appliance is stopping. Begin the epoch after its start.'],
  'sync.no_cloud': ['No cloud is configured: the appliance works alone. Set "cloud.url" (JIDOKA_CLOUD_URL) first.'],
  'audit.running': ['The two ends are being compared already. Wait until that is done.'],
  'audit.no_ranges': ['The cloud is of a version that knows no ranges. Upgrade it, then compare again.'],
  'audit.unknown_answer': [
    'The cloud answers in another way than this version of the appliance knows. Upgrade the older of the two.',
  ],
  'audit.no_answer': ['The cloud does not answer ({cause}). Try again when the line is back.'],
  'audit.replaced': ['{rows} rows were not there'],
  'audit.strange': ['an answer that is not known here'],
  'audit.not_enrolled': ['This appliance is not enrolled: there is no other end to compare with.'],

  // Receipts.
  'receipts.running': ['The receipts are being verified already. Wait until that is done.'],
  'receipts.not_enrolled': [
    'This appliance was never enrolled: there are no receipts, and no keys to hold them against.',
  ],

  // Commands of the cloud.
  'command.interrupted': [
    'The appliance stopped while it ran, and nobody knows how far it came. It is not run again by itself: issue it again.',
  ],
  'command.expired': ['It had to begin before {time} and came, or had its turn, later. Issue it again.'],
  'command.too_long': ['It did not come to its end within {minutes} minutes and was given up.'],
  'command.given_up': ['The command was given up.'],
  'resend.order': ['There is nothing from number {from} to {to}. Give the smaller number first.'],
  'resend.no_line': [
    'This appliance has no line to the cloud, so nothing can be sent again. Issue the command again when it has.',
  ],
  'resend.not_enrolled': ['This appliance is not enrolled: there is nobody to send to.'],
  'resend.records': [
    'The cloud takes only readings a second time. Records that it has lost are listed by `jidoka sync audit`.',
  ],
  'resend.nothing_receipted': [
    'Nothing of {from} to {to} was receipted in this epoch, which begins with {start}: what waits is sent by itself.',
  ],
  'resend.too_many': ['Those are more than {ranges} ranges. Send them again in parts.'],
  'resend.no_answer': ['The cloud does not answer. Issue the command again when the line is back.'],
  'resend.too_large': ['Readings {from} to {to} do not fit into one batch.'],
  'resend.refused': ['{#from} to {#to}: {why}'],
  'bundle.not_enrolled': [
    'This appliance is not enrolled with a cloud. The bundle lies in the folder "bundles" of the appliance.',
  ],
  'bundle.refused': ['The cloud does not take the bundle: {why}. It lies in the folder "bundles" of the appliance.'],
  'bundle.not_uploaded': [
    'The bundle could not be uploaded: {why}. It lies in the folder "bundles" of the appliance; issue the command again when the line is there.',
  ],
  'bundle.too_large': [
    'The support bundle would have {bytes} bytes, and {most} are the most. Ask for single parts of it.',
  ],
  'bundle.not_written': [
    'The support bundle could not be written to {folder}: {cause}. Make room on the disk, then try again.',
  ],
  'rehearsal.refused': ['The rule cannot be put in force: {problem}'],
  'rehearsal.order': ['The rehearsal ends before it begins. Give it a stretch of time.'],
  'rehearsal.too_long': ['A rehearsal covers one day at most. Rehearse the days one by one.'],

  // Work beside the main thread.
  'threads.busy': ['Too many questions wait for the {thread} thread. Try again in a moment.'],

  // Courier files.
  'courier.busy': ['Another courier file is being written or read here. Wait until it is done.'],
  'courier.no_key': [
    "This appliance does not know the cloud's courier key yet. It comes over the line once the cloud is of version 1.2 or later, or with a courier file that the console exports.",
  ],
  'courier.not_enrolled': [
    "This appliance is not enrolled: the two ends do not know each other's keys. Enrol it once where it reaches the cloud; afterwards files are enough.",
  ],
  'courier.lane_ends': ['The lane of {lane} ends with {last}: there is nothing from {from} on.'],
  'courier.older': [
    'The courier file is older than what this appliance has got since, by the line or by another file. Nothing of it was taken. Export a new one in the console.',
  ],
  'courier.unreadable': [
    'The courier file is whole, but this program does not understand what is in it. Upgrade this appliance, then import the file again.',
  ],
  'courier.other_appliance': [
    'The courier file is for the appliance {edge} of {tenant}; this is {here} of {ours}. Export one for this appliance in the console.',
  ],
  'courier.unknown_sender': [
    'The courier file is signed by the key {key}, which this appliance does not believe. Export it again in the console that this appliance is enrolled in; if the cloud was set up anew, enrol the appliance again.',
  ],
  'courier.torn': [
    'The courier file ends before its end: it was copied in part. Nothing of it was taken. Copy it once more and import it again.',
  ],
  'courier.tampered': [
    'The courier file is not as its sender wrote it ({detail}). Nothing of it was taken. Copy it once more from where it was made; if it stays so, export it again.',
  ],
  'courier.too_large': ['The courier file is too large: {detail}. Export it again in smaller files.'],
  'courier.none': ['This is no courier file of Jidoka. Choose the file that was exported.'],
  'courier.version': [
    'The courier file is of a version that the two ends do not share. Upgrade the {end}, then import the file again.',
  ],
  'courier.for_appliance': [
    'This courier file is for an appliance. Import it there; here belong those that an appliance has exported.',
  ],
  'courier.for_cloud': [
    'This courier file is for the cloud. Import it in the console; here belong those that the cloud has exported for this appliance.',
  ],
  'courier.other_key': [
    'The courier file is encrypted to another key than the one of this end. Export it again after the two ends have had contact.',
  ],
  'courier.other_tenant': [
    'The courier file is of an appliance of another tenant. Sign in where that appliance is enrolled and import it there.',
  ],
  'courier.not_enrolled_here': [
    'The courier file is signed by an appliance ({edge}) that is not enrolled here with that key. Import it where the appliance is enrolled.',
  ],
  'courier.revoked': [
    'The appliance "{name}" was revoked: nothing that it signs is taken. Enrol it again, then import the file again.',
  ],
  'courier.batch_refused': ['Batch {no} of the file was refused ({kind}): {detail} Those before it are in.'],
  'courier.receipts_missing': [
    'The appliance did not know how far its rows had come when it wrote the file. Bring the receipts of this cloud to it, then export again.',
  ],
  'courier.batch_of_other': ['Batch {no} of the file is of another appliance or epoch than the file. Export it again.'],
  'courier.waits_both': [
    'The file waits for records {records} and readings {readings}: import the file before this one. It goes on by itself then.',
  ],
  'courier.waits_records': [
    'The file waits for records {records}: import the file before this one. It goes on by itself then.',
  ],
  'courier.waits_readings': [
    'The file waits for readings {readings}: import the file before this one. It goes on by itself then.',
  ],
  'courier.other_pieces': ['The pieces are of another file than the one that was begun. Import it again.'],
  'courier.piece_missing': ['Piece {no} of the courier file is not here. Import the file again.'],
  'courier.item_of_other': ['A desired item of another appliance ({edge}) is in the file and was left aside.'],
  ...cloudSentences,
} as const satisfies Readonly<Record<string, readonly string[]>>

export type ToldCode = keyof typeof toldSentences
