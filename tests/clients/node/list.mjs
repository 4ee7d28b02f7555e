// Lists the mirrored databases of a workspace, with fetch and with axios: both show the same items. Their properties may change in
// between.
import assert from 'node:assert';
import axios from 'axios';
import { DefaultAzureCredential } from '@azure/identity';

const [workspace] = process.argv.slice(2);
const { token } = await new DefaultAzureCredential().getToken('https://api.fabric.microsoft.com/.default');
const headers = { Authorization: `Bearer ${token}` };
const list = `https://api.fabric.microsoft.com/v1/workspaces/${workspace}/mirroredDatabases`;
const fetched = await (await fetch(list, { headers })).json();
const { data } = await axios.get(list, { headers });
const items = ({ value }) => value.map(({ id, displayName }) => ({ id, displayName }));
assert.deepEqual(items(data), items(fetched));
console.log(fetched.value.map(({ displayName }) => displayName).join(' '));
