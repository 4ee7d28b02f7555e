// Connects requests for Fabric and Entra to Specularite, in versions of Node whose `fetch` ignores proxies. Only the
// address of the connection changes: the host name and TLS stay the same.
'use strict';
const [major] = process.versions.node.split('.').map(Number);
const [, address, port] = /^\[?(.*?)\]?:(\d+)$/.exec(process.env.SPECULARITE_NODE || '') || [];
if (major < 24 && port) {
  const hosts = ['HOSTS'];
  const isOurs = (host) => hosts.some((name) => (name.startsWith('.') ? host.endsWith(name) : host === name));
  const tls = require('node:tls');
  const connect = tls.connect;
  tls.connect = function (...args) {
    const options = args[0];
    const host = options && typeof options === 'object' && String(options.host || options.servername || '').toLowerCase();
    if (host && !options.socket && isOurs(host)) {
      args[0] = { ...options, host: address, port: Number(port), servername: options.servername || host };
    }
    return connect.apply(this, args);
  };
}
