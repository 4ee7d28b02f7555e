// The kinds of trouble and of faults, in words.

/** Titles of the named causes. A cause that is not listed here is shown by its name. */
const CAUSES = {
  wrongKey: 'Wrong key in a new connection',
  loginFailed: 'Login of a new connection fails',
  rotatedKey: 'Key was rotated',
  readOnlyKey: 'Key is read-only',
  readMetadataMissing: 'Permission readMetadata is missing',
  readAnalyticsMissing: 'Permission readAnalytics is missing',
  networkBypassMisused: 'Network bypass is misused',
  sourceThrottled: 'Source throttles the replicator',
  continuousBackupOff: 'Continuous backup is off',
  publicNetworkOff: 'Public network access is off',
  logFull: 'Transaction log is full',
  tooManyTables: 'Too many tables',
  changeVolumeThrottled: 'Too many changes: replication is throttled',
  schemaMergeFailure: 'Schema change cannot be merged',
  identityWithoutPermission: 'Managed identity lost its permission',
  oneLakeAccessOff: 'OneLake access is off',
};

/**
 * The kinds of trouble. `target` is `item`, `catalog`, `table`, `source` or `connection`. `hasError` and `hasEnd` tell
 * which members the kind takes; `where` is its group in the menu; `short` is its name beside a table.
 */
export const TROUBLE_KINDS = {
  unreachable: { title: 'Source is unreachable', target: 'source', where: 'source', hasError: true, hasEnd: true },
  tableFails: { title: 'Table fails', short: 'Fail', target: 'table', where: 'source', hasError: true, hasEnd: true, hasShare: true },
  tableError: { title: 'Table has an error', short: 'Error', target: 'table', where: 'source', hasError: true, hasEnd: true, hasShare: true },
  reseed: { title: 'Table is reseeded', short: 'Reseed', target: 'table', where: 'source' },
  noRows: { title: 'No rows arrive', short: 'No rows', target: 'table', where: 'source', hasEnd: true },
  slow: { title: 'Replication is slow', short: 'Slow', target: 'table', where: 'source', hasEnd: true, hasFactor: true },
  connectionTestFails: { title: 'Test of a connection fails', target: 'connection', where: 'source', hasError: true, hasEnd: true },
  startFails: { title: 'Start fails', target: 'item', where: 'service', hasError: true, hasEnd: true },
  stuck: { title: 'Status is stuck', target: 'item', where: 'service', hasEnd: true },
  databaseError: { title: 'Database has an error', target: 'item', where: 'service', hasError: true, hasEnd: true },
  statusNotFound: { title: 'Status is not found (404)', target: 'item', where: 'service', hasEnd: true },
  sqlEndpointFails: { title: 'SQL endpoint fails', target: 'item', where: 'service', hasError: true, hasEnd: true },
  sqlEndpointLate: { title: 'SQL endpoint is late', target: 'item', where: 'service', hasEnd: true },
  catalogFails: { title: 'Catalog fails', target: 'catalog', where: 'service', hasError: true, hasEnd: true },
};

/** Errors by status: the code, the message, and whether a client may retry. */
const ERRORS = {
  400: ['InvalidInput', 'The request has an invalid input', false],
  401: ['Unauthorized', 'The caller is not authenticated to access this resource', false],
  403: ['InsufficientPrivileges', 'The caller does not have sufficient permissions to perform this operation', false],
  404: ['EntityNotFound', 'The requested resource could not be found', false],
  409: ['EntityConflict', 'The requested resource is there already', false],
  429: ['RequestBlocked', 'Request is blocked by the upstream service.', true],
  500: ['UnknownError', 'An unexpected error occurred while processing the request', false],
  502: ['BadGateway', 'The gateway received an invalid response.', true],
  503: ['ServiceUnavailable', 'The service is temporarily unavailable.', true],
  504: ['GatewayTimeout', 'The gateway did not receive a response in time.', true],
};

/** The values of an error that suit a status. `null` if the status is not that of an error, such as while it is written. */
function errorOf(status) {
  if (!/^[45]\d\d$/.test(status)) return null;
  const [errorCode, message, isRetriable] = ERRORS[status] ?? ERRORS[status < '500' ? 400 : 500];
  return { errorCode, message, isRetriable };
}

/**
 * The prepared faults of the API. `values` are those of the form; `follow` returns the values that follow from the others until the
 * viewer changes them; `name` returns the name of the rule if it is not the title; `effect` makes the effect of the rule.
 */
export const FAULTS = {
  throttle: {
    title: 'Answer 429, Retry-After',
    values: { retryAfter: '30' },
    effect: ({ number }) => ({ throttle: { retryAfter: number('retryAfter') } }),
  },
  serverError: {
    title: 'Answer with an error',
    beside: '500, 503, …',
    name: ({ status }) => `Answer ${status.trim()}`,
    values: { status: '500', ...errorOf('500') },
    follow: ({ status }) => errorOf(status.trim()),
    effect: ({ number, text, flag }) => ({
      answer: { status: number('status'), errorCode: text('errorCode'), message: text('message'), isRetriable: flag('isRetriable') },
    }),
  },
  tokenExpired: { title: 'Answer 401, token expired', values: {}, effect: () => ({ token: 'expired' }) },
  delay: { title: 'Delay the answer', values: { seconds: '5' }, effect: ({ number }) => ({ delay: { seconds: number('seconds') } }) },
  lostAnswer: {
    title: 'Commit, then disconnect',
    values: {},
    effect: () => ({ commit: true, disconnect: 'before' }),
  },
  stale: { title: 'Read stale data', values: { staleSeconds: '10' }, effect: ({ number }) => ({ staleSeconds: number('staleSeconds') }) },
  operationFails: {
    title: 'Long-running operation fails',
    values: { errorCode: 'InternalServerError', message: 'The operation failed.' },
    effect: ({ text }) => ({ operation: { status: 'Failed', error: { errorCode: text('errorCode'), message: text('message') } } }),
  },
};

/** The operations that are offered, by what they are about. */
export const OPERATIONS = {
  Mirroring: ['Mirroring_GetMirroringStatus', 'Mirroring_GetTablesMirroringStatus', 'Mirroring_StartMirroring', 'Mirroring_StopMirroring'],
  'Mirrored databases': [
    'Items_CreateMirroredDatabase',
    'Items_GetMirroredDatabase',
    'Items_ListMirroredDatabases',
    'Items_UpdateMirroredDatabase',
    'Items_DeleteMirroredDatabase',
    'Items_GetMirroredDatabaseDefinition',
    'Items_UpdateMirroredDatabaseDefinition',
  ],
  'Long-running operations': ['LongRunningOperations_GetOperationState', 'LongRunningOperations_GetOperationResult'],
  'Items and workspaces': [
    'Items_ListItems',
    'Items_CreateItem',
    'Workspaces_ListWorkspaces',
    'Workspaces_GetWorkspace',
    'Workspaces_CreateWorkspace',
  ],
  Connections: ['Connections_ListConnections', 'Connections_CreateConnection', 'Connections_GetConnection'],
  'Sign-in': ['Entra_Token'],
};

export const causeTitle = (cause) => CAUSES[cause] ?? cause;

/** The title of a trouble. */
export const troubleTitle = ({ cause, kind }) => (cause ? causeTitle(cause) : (TROUBLE_KINDS[kind]?.title ?? kind ?? 'Trouble that was removed'));

/** The effect of a fault rule in a few words. */
export function effectText(effect) {
  const { answer, throttle, token, delay, disconnect, commit, patch, headers, operation, staleSeconds } = effect;
  return [
    delay && `delay ${delay.seconds ?? `${delay.minSeconds} to ${delay.maxSeconds}`} s`,
    commit && 'commit',
    answer && ['answer', answer.status, answer.errorCode, answer.isRetriable && '(retriable)'].filter(Boolean).join(' '),
    throttle && `answer 429 RequestBlocked, Retry-After ${throttle.retryAfter}`,
    token && 'answer 401 TokenExpired',
    operation &&
      (operation.stalled
        ? 'the operation never ends'
        : operation.seconds != null
          ? `the operation takes ${operation.seconds} s`
          : 'the operation fails'),
    staleSeconds != null && `read data that is ${staleSeconds} s old`,
    (patch || headers) && 'edit the answer',
    disconnect &&
      (disconnect === 'before'
        ? 'disconnect without an answer'
        : disconnect === 'after'
          ? 'disconnect after the answer'
          : `disconnect after ${disconnect.afterBytes} bytes`),
  ]
    .filter(Boolean)
    .join(', ');
}
