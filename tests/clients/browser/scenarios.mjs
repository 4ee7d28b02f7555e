// Tenants for the tests of the page.

/** A workspace with a SQL connection, its source, and a mirrored database of all its tables. */
export function shop(tables, { name = 'shop', workspace = 'lab', runningSince } = {}) {
  const mirroring = {
    properties: {
      source: { type: 'AzureSqlDatabase', typeProperties: { connection: 'sql' } },
      target: { type: 'MountedRelationalDatabase', typeProperties: { defaultSchema: 'dbo', format: 'Delta' } },
    },
  };
  const item = { name, type: 'MirroredDatabase', definition: { 'mirroring.json': mirroring }, ...(runningSince ? { mirroring: { runningSince } } : {}) };
  return {
    connections: [{ name: 'sql', type: 'SQL', path: 'server.database.windows.net;shop', credentialType: 'Basic' }],
    sources: [{ connection: 'sql', tables: tables.map((tableName, index) => ({ schemaName: 'dbo', tableName, rows: 1000 * (index + 1), rowsPerSecond: 2 })) }],
    workspaces: [{ name: workspace, capacity: 'specularite', items: [item] }],
  };
}
