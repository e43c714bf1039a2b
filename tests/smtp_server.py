"""A real SMTP server on a free loopback port, for tests/notify_smtp.rs.

    smtp_server.py FOLDER [starttls|tls|self-signed] [auth] [refuse] [port=N]

Writes ca.pem (what a client must trust) into FOLDER, prints `port N`, then one JSON line for each message received.
Ends when its standard input is closed.
"""

import asyncio
import datetime
import ipaddress
import json
import logging
import ssl
import sys

import trustme
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

folder, words = sys.argv[1], sys.argv[2:]
# A client that goes away on purpose is no news.
logging.getLogger("mail.log").setLevel(logging.CRITICAL)


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if "refuse" in words:
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        say({
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "data": envelope.content.decode("ascii"),
            "encrypted": session.ssl is not None or "tls" in words,
            "user": session.auth_data.decode() if session.auth_data else None,
        })
        return "250 OK"


def say(message):
    print(json.dumps(message), flush=True)


def authenticate(server, session, envelope, mechanism, auth_data):
    right = isinstance(auth_data, LoginPassword) and auth_data.password == "密码 1".encode()
    return AuthResult(success=right, auth_data=auth_data.login) if right else AuthResult(success=False, handled=False)


def signed_by_ca(context):
    ca = trustme.CA()
    ca.cert_pem.write_to_path(f"{folder}/ca.pem")
    ca.issue_cert("localhost", "127.0.0.1").configure_cert(context)


def self_signed(context):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "office mail")])
    now = datetime.datetime.now(datetime.timezone.utc)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    with open(f"{folder}/ca.pem", "wb") as file:
        file.write(pem)
    with open(f"{folder}/server.pem", "wb") as file:
        file.write(key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        file.write(pem)
    context.load_cert_chain(f"{folder}/server.pem")


async def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    (self_signed if "self-signed" in words else signed_by_ca)(context)
    starttls = "starttls" in words or "self-signed" in words
    port = next((int(word[5:]) for word in words if word.startswith("port=")), 0)

    def session():
        return SMTP(
            Handler(),
            hostname="localhost",
            tls_context=context if starttls else None,
            require_starttls=starttls,
            authenticator=authenticate if "auth" in words else None,
            auth_required="auth" in words,
        )

    server = await asyncio.get_running_loop().create_server(
        session, "127.0.0.1", port, ssl=context if "tls" in words else None)
    print("port", server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)


asyncio.run(main())
