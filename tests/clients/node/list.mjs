// Lists the mirrored databases of a workspace, with fetch and with axios: both tell the same.
import assert from 'node:assert';
import axios from 'axios';
import { DefaultAzureCredential } from '@azure/identity';

const [workspace] = process.argv.slice(2);
const { token } = await new DefaultAzureCredential().getToken('https://api.fabric.microsoft.com/.default');
const headers = { Authorization: `Bearer ${token}` };
const list = `https://api.fabric.microsoft.com/v1/workspaces/${workspace}/mirroredDatabases`;
const fetched = await (await fetch(list, { headers })).json();
const { data } = await axios.get(list, { headers });
assert.deepEqual(data, fetched);
console.log(fetched.value.map(({ displayName }) => displayName).join(' '));
