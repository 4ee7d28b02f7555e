"""The limits of the certificate authority: certificates that its key signs, and whether clients accept them."""

import datetime
import ipaddress
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

stored = Path(os.environ["SPECULARITE_DATA_DIR"], "ca.key").read_bytes()
authority_key = serialization.load_pem_private_key(stored, None)
authority = x509.load_pem_x509_certificate(stored)
identifier = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
now = datetime.datetime.now(datetime.timezone.utc)
folder = Path(tempfile.mkdtemp())
(folder / "ca.pem").write_bytes(authority.public_bytes(serialization.Encoding.PEM))


def issue(names, usage):
    """Signs a certificate with the key of the authority. Returns its path; its key is in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "forged")]))
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName(names), False)
        .add_extension(x509.ExtendedKeyUsage([usage]), False)
        .add_extension(x509.BasicConstraints(False, None), True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier.value), False)
    )
    certificate = builder.sign(authority_key, hashes.SHA256())
    path = folder / f"{certificate.serial_number}.pem"
    own = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + own)
    return path


def accepted_by_cryptography(path, name):
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    builder = PolicyBuilder().store(Store([authority])).time(now)
    try:
        builder.build_server_verifier(name).verify(certificate, [])
        return True
    except VerificationError:
        return False


def accepted_by_ssl(path, name, purpose):
    """Lets the holder of a certificate take part in a handshake. Returns whether the other side accepts it."""
    verifies_server = purpose == ssl.Purpose.SERVER_AUTH
    verifier = ssl.create_default_context(purpose, cafile=folder / "ca.pem")
    verifier.verify_mode = ssl.CERT_REQUIRED
    # Python 3.13 sets this flag by default.
    verifier.verify_flags |= ssl.VERIFY_X509_STRICT
    holder = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if verifies_server else ssl.PROTOCOL_TLS_CLIENT)
    holder.load_cert_chain(path)
    if not verifies_server:
        holder.check_hostname, holder.verify_mode = False, ssl.CERT_NONE
        verifier.load_cert_chain(path)
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = [
        verifier.wrap_bio(up, down, server_side=not verifies_server, server_hostname=name if verifies_server else None),
        holder.wrap_bio(down, up, server_side=verifies_server),
    ]
    done = set()
    for _ in range(10):
        for side in sides:
            try:
                side.do_handshake()
                done.add(side)
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLCertVerificationError as why:
                if side is sides[0]:
                    return False
                sys.exit(f"{path}: {why}")
    return sides[0] in done


def accepted_by_openssl(path, purpose):
    command = ["openssl", "verify", "-purpose", purpose, "-CAfile", folder / "ca.pem", path]
    return subprocess.run(command, capture_output=True).returncode == 0


def check_server(name, expected):
    subject = x509.DNSName(name) if isinstance(name, str) else x509.IPAddress(name)
    path = issue([subject], ExtendedKeyUsageOID.SERVER_AUTH)
    found = [accepted_by_cryptography(path, subject), accepted_by_ssl(path, str(name), ssl.Purpose.SERVER_AUTH)]
    if found != [expected] * 2:
        sys.exit(f"a server {name}: found {found}, expected {expected}")


for ours in [
    "api.fabric.microsoft.com",
    "x.zff.w.api.fabric.microsoft.com",
    "onelake.dfs.fabric.microsoft.com",
    "wabi.analysis.windows.net",
    "login.microsoftonline.com",
    "localhost",
    "a.localhost",
    ipaddress.ip_address("127.0.0.1"),
    ipaddress.ip_address("::1"),
]:
    check_server(ours, True)
print("ok our servers", flush=True)

for other in [
    "fabric.microsoft.com",
    "app.fabric.microsoft.com",
    "graph.microsoft.com",
    "example.com",
    ipaddress.ip_address("10.0.0.1"),
    ipaddress.ip_address("::2"),
]:
    check_server(other, False)
print("ok other servers", flush=True)

ours = x509.DNSName("api.fabric.microsoft.com")
for name in [x509.RFC822Name("a@example.com"), x509.UniformResourceIdentifier("https://example.com/")]:
    path = issue([ours, name], ExtendedKeyUsageOID.SERVER_AUTH)
    assert not accepted_by_ssl(path, ours.value, ssl.Purpose.SERVER_AUTH), name
    assert not accepted_by_cryptography(path, ours), name
print("ok mail addresses and URIs", flush=True)

assert not accepted_by_ssl(issue([ours], ExtendedKeyUsageOID.CLIENT_AUTH), None, ssl.Purpose.CLIENT_AUTH)
if shutil.which("openssl"):
    for usage, purpose, expected in [
        (ExtendedKeyUsageOID.SERVER_AUTH, "sslserver", True),
        (ExtendedKeyUsageOID.CLIENT_AUTH, "sslclient", False),
        (ExtendedKeyUsageOID.EMAIL_PROTECTION, "smimesign", False),
        (ExtendedKeyUsageOID.TIME_STAMPING, "timestampsign", False),
    ]:
        assert accepted_by_openssl(issue([ours], usage), purpose) == expected, purpose
print("ok other purposes", flush=True)
shutil.rmtree(folder)
