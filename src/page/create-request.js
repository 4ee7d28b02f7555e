// The request that creates a mirrored database, from the values of the form.

import { toBase64 } from './base64.js';

export const PART = 'mirroring.json';

/**
 * The rules of sources by `source.type`: the types of connections that a start accepts, whether the definition names a
 * database, the usual default schema, and how a connection can be made with a key or a password.
 */
const SERVER = ['server', 'Server'];
const DATABASE = ['database', 'Database'];
const SQL = { type: 'SQL', method: 'Sql', parameters: [SERVER, DATABASE], credential: 'Basic' };
export const SOURCES = {
  AzureMySql: {
    fits: ['MySql', 'AzureDatabaseForMySQL'],
    schema: 'dbo',
    connection: { type: 'MySql', method: 'MySql', parameters: [SERVER, DATABASE], credential: 'Basic' },
  },
  AzurePostgreSql: {
    fits: ['PostgreSQL', 'AzurePostgreSQL'],
    schema: 'public',
    connection: { type: 'PostgreSQL', method: 'PostgreSql', parameters: [SERVER, DATABASE], credential: 'Basic' },
  },
  AzureSqlDatabase: { fits: ['SQL'], schema: 'dbo', connection: SQL },
  AzureSqlMI: { fits: ['SQL', 'AzureSqlMI'], schema: 'dbo', connection: SQL },
  CosmosDb: {
    fits: ['CosmosDB'],
    schema: 'dbo',
    needsDatabase: true,
    connection: { type: 'CosmosDB', method: 'CosmosDB.Contents', parameters: [['host', 'Host of the account']], credential: 'Key' },
  },
  GenericMirror: { fits: [], schema: 'dbo', isOpen: true },
  GoogleBigQuery: { fits: ['GoogleBigQuery'], schema: 'dbo' },
  MSSQL: { fits: ['SQL'], schema: 'dbo', connection: SQL },
  Oracle: { fits: ['Oracle'], schema: 'dbo', connection: { type: 'Oracle', method: 'Oracle', parameters: [SERVER], credential: 'Basic' } },
  SAP: { fits: [], schema: 'dbo', isConnectionOptional: true },
  SharePointList: {
    fits: ['SharePoint'],
    schema: 'dbo',
    connection: {
      type: 'SharePoint',
      method: 'SharePointList',
      parameters: [['sharePointSiteUrl', 'URL of the site']],
      credential: 'Anonymous',
    },
  },
  Snowflake: {
    fits: ['Snowflake'],
    schema: 'PUBLIC',
    needsDatabase: true,
    connection: { type: 'Snowflake', method: 'Snowflake.Databases', parameters: [SERVER, ['warehouse', 'Warehouse']], credential: 'Basic' },
  },
  SqlServer2025: { fits: ['SQL'], schema: 'dbo', connection: SQL },
};

/** Choices of the form that are no ids. */
export const BY_ID = 'by-id';
export const NEW = 'new';

/** A table as a key, because names may contain any character. */
export const keyOf = (schema, table) => JSON.stringify([schema, table]);

/** The `mirroring.json` that the values describe. Empty values are left out. */
export function definitionOf(values) {
  const { type, database, schema, retention } = values;
  const source = SOURCES[type];
  const typeProperties = {};
  if (!source.isOpen) {
    const connection = connectionOf(values);
    if (connection !== '') typeProperties.connection = connection;
    if (source.needsDatabase && database !== '') typeProperties.database = database;
  }
  const target = {};
  if (schema !== '') target.defaultSchema = schema;
  target.format = 'Delta';
  if (retention !== '') target.retentionInDays = Number(retention);
  const properties = { source: { type, typeProperties }, target: { type: 'MountedRelationalDatabase', typeProperties: target } };
  if (!source.isOpen && !values.isAllTables) properties.mountedTables = [...values.picked].map(mountedTable);
  return { properties };
}

export function connectionOf({ connection, connectionId }) {
  if (connection === NEW) return '';
  return connection === BY_ID ? connectionId.trim() : connection;
}

function mountedTable(key) {
  const [schemaName, tableName] = JSON.parse(key);
  return { source: { typeProperties: { schemaName, tableName } } };
}

export const partsOf = (text) => ({ parts: [{ path: PART, payload: toBase64(text), payloadType: 'InlineBase64' }] });

export const requestOf = (values, text) => ({ displayName: values.name, definition: partsOf(text) });

/** The request that creates a connection with a key or a password. */
export function connectionRequest({ type, newConnection }) {
  const { type: connectionType, method, parameters, credential } = SOURCES[type].connection;
  const credentials = { credentialType: credential };
  if (credential === 'Key') credentials.key = newConnection.key;
  if (credential === 'Basic') Object.assign(credentials, { username: newConnection.username, password: newConnection.password });
  return {
    connectivityType: 'ShareableCloud',
    displayName: newConnection.name,
    privacyLevel: 'Organizational',
    connectionDetails: {
      type: connectionType,
      creationMethod: method,
      parameters: parameters.map(([name]) => ({ dataType: 'Text', name, value: newConnection[name] ?? '' })),
    },
    credentialDetails: { singleSignOnType: 'None', connectionEncryption: 'NotEncrypted', skipTestConnection: false, credentials },
  };
}

/* ---- Findings ---- */

/** The field of the form that a member belongs to. */
const FIELDS = [
  ['properties.source.typeProperties.connection', 'connection'],
  ['properties.source.typeProperties.database', 'database'],
  ['properties.target.typeProperties.defaultSchema', 'schema'],
  ['properties.target.typeProperties.retentionInDays', 'retention'],
  ['properties.mountedTables', 'tables'],
];

/** The messages of findings by field. Those of no field are in `rest`. */
export function sortFindings(findings) {
  const sorted = { rest: [] };
  for (const { message } of findings) {
    const [path, name] = FIELDS.find(([member]) => message.startsWith(`${member} `) || message.startsWith(`${member}.`)) ?? [];
    if (!path) sorted.rest.push(message);
    else sorted[name] ??= message.slice(path.lastIndexOf('.') + 1);
  }
  return sorted;
}

/** The most characters that the API accepts in the name of an item. */
const NAME_MAX = 256;

/**
 * The reason for which the API would reject a name, or `null`: status, code, message, and the text for the field. `taken` are the names
 * of the other mirrored databases in the workspace.
 */
export function nameFinding(name, taken) {
  const invalid = (message) => ({ status: 400, code: 'InvalidInput', message });
  if (name.trim() === '') return invalid('The DisplayName field is required.');
  if ([...name].length > NAME_MAX) return invalid(`The field DisplayName must be a string with a maximum length of ${NAME_MAX}.`);
  if (/\p{Cc}/u.test(name)) return invalid('The DisplayName field has characters that cannot be printed.');
  const isSame = (other) => other.toLowerCase() === name.toLowerCase();
  if (!taken.some(isSame)) return null;
  return { status: 409, code: 'ItemDisplayNameAlreadyInUse', message: `Requested '${name}' is already in use` };
}

/** The message of a rejection that is about a name, or `undefined`. */
export function nameMessage(error) {
  if (error?.code?.startsWith('ItemDisplayName')) return error.message;
  return error?.details?.find((text) => text.includes('DisplayName'));
}

/** A message about `DisplayName` in the words of the form: with the label of its field. */
export const labelled = (message, label) => message?.replace(/^((The )?(field )?DisplayName( field)?\b|Requested '.*'(?= is ))/s, label);
