// Credentials of @azure/identity and flows of MSAL for Node; then Fabric with fetch and with axios. Nothing is configured here.
import assert from 'node:assert';
import process from 'node:process';
import axios from 'axios';
import {
  ClientSecretCredential,
  DefaultAzureCredential,
  DeviceCodeCredential,
  EnvironmentCredential,
  ManagedIdentityCredential,
  UsernamePasswordCredential,
  WorkloadIdentityCredential,
} from '@azure/identity';
import { ConfidentialClientApplication } from '@azure/msal-node';

const scope = 'https://api.fabric.microsoft.com/.default';
const { AZURE_TENANT_ID: tenant, AZURE_CLIENT_ID: client, SPECULARITE_URL: url } = process.env;
const own = url.replace('http://127.0.0.1', 'https://localhost');
const workspaces = 'https://api.fabric.microsoft.com/v1/workspaces';

async function check(name, credential) {
  const { token } = await credential.getToken(scope);
  const headers = { Authorization: `Bearer ${token}` };
  const { value } = await (await fetch(workspaces, { headers })).json();
  assert(Array.isArray(value), name);
  const { data } = await axios.get(workspaces, { headers });
  assert.deepEqual(data.value, value);
  console.log('ok', name);
  return headers;
}

async function without(names, work) {
  const before = { ...process.env };
  for (const name of names) delete process.env[name];
  try {
    await work();
  } finally {
    Object.assign(process.env, before);
  }
}

await check('DefaultAzureCredential', new DefaultAzureCredential());
await check('EnvironmentCredential', new EnvironmentCredential());
await check('ClientSecretCredential', new ClientSecretCredential(tenant, client, 'any'));
await check('WorkloadIdentityCredential', new WorkloadIdentityCredential());
await check('ManagedIdentityCredential, App Service', new ManagedIdentityCredential());
const appService = ['IDENTITY_ENDPOINT', 'IDENTITY_HEADER'];
await without(appService, () => check('ManagedIdentityCredential, IMDS', new ManagedIdentityCredential()));
await without(appService, async () => {
  process.env.MSI_ENDPOINT = `${url}/MSI/token`;
  await check('ManagedIdentityCredential, Cloud Shell', new ManagedIdentityCredential());
  delete process.env.MSI_ENDPOINT;
});
await check('DeviceCodeCredential', new DeviceCodeCredential({ tenantId: tenant, userPromptCallback: () => {} }));
await check(
  'UsernamePasswordCredential',
  new UsernamePasswordCredential(tenant, client, 'someone@contoso.com', 'any'),
);
const direct = { authorityHost: own, disableInstanceDiscovery: true };
await check('ClientSecretCredential, own address', new ClientSecretCredential(tenant, client, 'any', direct));
await check('ClientSecretCredential, discovered', new ClientSecretCredential(tenant, client, 'any', { authorityHost: own }));

const auth = { clientId: client, clientSecret: 'any', authority: `${own}/${tenant}`, knownAuthorities: [new URL(own).host] };
const { accessToken } = await new ConfidentialClientApplication({ auth }).acquireTokenByClientCredential({ scopes: [scope] });
assert(accessToken);
console.log('ok MSAL');
