// Leads calls of Fabric and Entra to Specularite in versions of Node whose fetch knows no proxy: same name, same TLS, other address.
'use strict';
const [major] = process.versions.node.split('.').map(Number);
const [, address, port] = /^\[?(.*?)\]?:(\d+)$/.exec(process.env.SPECULARITE_NODE || '') || [];
if (major < 24 && port) {
  const ours = ['HOSTS'];
  const isOurs = (host) => ours.some((name) => (name.startsWith('.') ? host.endsWith(name) : host === name));
  const tls = require('node:tls');
  const connect = tls.connect;
  tls.connect = function (...given) {
    const options = given[0];
    const host = options && typeof options === 'object' && String(options.host || options.servername || '').toLowerCase();
    if (host && !options.socket && isOurs(host)) {
      given[0] = { ...options, host: address, port: Number(port), servername: options.servername || host };
    }
    return connect.apply(this, given);
  };
}
