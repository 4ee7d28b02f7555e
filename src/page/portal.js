// The words of the Fabric portal for the statuses of the API, and how they look. Where the portal's word is not documented,
// the API's word stands.

/** Names of sources by `source.type` of a definition. */
export const SOURCE_TYPES = {
  AzureMySql: 'Azure Database for MySQL',
  AzurePostgreSql: 'Azure Database for PostgreSQL',
  AzureSqlDatabase: 'Azure SQL Database',
  AzureSqlMI: 'Azure SQL Managed Instance',
  CosmosDb: 'Azure Cosmos DB',
  GenericMirror: 'Open mirroring',
  GoogleBigQuery: 'Google BigQuery',
  MSSQL: 'SQL Server 2016 to 2022',
  Oracle: 'Oracle',
  SAP: 'SAP Datasphere',
  SharePointList: 'SharePoint list',
  Snowflake: 'Snowflake',
  SqlServer2025: 'SQL Server 2025',
};

const NOTHING = { word: '–', tone: 'muted', fill: 'waiting', glyph: 'ring' };

/** How a status of a database is shown. */
export function databaseStatus(status, error, tablesInError = 0) {
  if (!status) return NOTHING;
  if (status === 'Running') {
    if (error || tablesInError) return { word: 'Running with warning', tone: 'warning', fill: error ? 'warning' : 'good', glyph: 'triangle' };
    return { word: 'Running', tone: 'good', fill: 'good', glyph: 'disc' };
  }
  if (error || status === 'Failed') return { word: 'Failed', tone: 'bad', fill: 'bad', glyph: 'diamond' };
  if (['Starting', 'Stopping', 'Initializing'].includes(status)) return { word: status, tone: 'muted', fill: 'moving', glyph: 'dashes' };
  if (status === 'Paused') return { word: status, tone: 'muted', fill: 'stopped', glyph: 'bars' };
  if (status === 'Stopped') return { word: status, tone: 'muted', fill: 'stopped', glyph: 'square' };
  return { ...NOTHING, word: status };
}

/** How a status of a table is shown. */
export function tableStatus(status, error) {
  if (!status) return NOTHING;
  if (status === 'Failed') return { word: 'Failed', tone: 'bad', fill: 'bad', glyph: 'diamond' };
  if (error) return { word: 'Running with warning', tone: 'warning', fill: 'warning', glyph: 'triangle' };
  if (status === 'Replicating') return { word: 'Running', tone: 'good', fill: 'good', glyph: 'disc' };
  if (status === 'Snapshotting') return { word: 'Running', detail: 'copying', tone: 'copying', fill: 'copying', glyph: 'half' };
  if (status === 'Reseeding') return { word: 'Running', detail: 'copying', tone: 'reseeding', fill: 'reseeding', glyph: 'turn' };
  if (status === 'Stopped') return { word: 'Stopped', tone: 'muted', fill: 'stopped', glyph: 'square' };
  return { ...NOTHING, word: status };
}

/** The groups of the filter by tone, and their names for tables and for databases. */
const GROUPS = { good: 'running', copying: 'changing', reseeding: 'changing', warning: 'errors', bad: 'errors' };
export const groupOf = (shown) => GROUPS[shown.tone] ?? (shown.fill === 'moving' ? 'changing' : 'stopped');
export const GROUP_NAMES = {
  table: { all: 'All', running: 'Running', changing: 'Copying', errors: 'With errors', stopped: 'Waiting or stopped' },
  database: { all: 'All', running: 'Running', changing: 'Changing', errors: 'With errors', stopped: 'Not running' },
};
