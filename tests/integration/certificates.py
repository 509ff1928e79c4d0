"""Certificates made for a test by the program openssl: an authority, and what it signs."""

import os
import shutil
import ssl
import subprocess

from tap import Skip

CURVE = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


def _openssl(folder, *args):
    if not shutil.which("openssl"):
        raise Skip("openssl is not installed")
    subprocess.run(["openssl", *args], cwd=folder, check=True, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


class Authority:
    """NAME.pem and NAME.key in that folder."""

    def __init__(self, folder, name="authority"):
        self.folder, self.name = folder, name
        self.file = os.path.join(folder, f"{name}.pem")
        _openssl(folder, "req", "-x509", *CURVE, "-days", "2", "-subj", f"/CN={name}",
                 "-keyout", f"{name}.key", "-out", f"{name}.pem")

    def sign(self, name, subject, alternatives, days=1):
        """Make NAME.pem and NAME.key; gives both paths. A certificate of -1 days has expired."""
        with open(os.path.join(self.folder, f"{name}.ext"), "w", encoding="utf-8") as file:
            file.write(f"subjectAltName={alternatives}\n")
        _openssl(self.folder, "req", *CURVE, "-subj", subject, "-keyout", f"{name}.key",
                 "-out", f"{name}.csr")
        _openssl(self.folder, "x509", "-req", "-in", f"{name}.csr", "-CA", f"{self.name}.pem",
                 "-CAkey", f"{self.name}.key", "-CAcreateserial", "-days", str(days),
                 "-extfile", f"{name}.ext", "-out", f"{name}.pem")
        return tuple(os.path.join(self.folder, f"{name}.{kind}") for kind in ("pem", "key"))

    def server(self, name="server"):
        return self.sign(name, "/CN=localhost", "DNS:localhost,IP:127.0.0.1,IP:::1")

    def lock(self, name, out):
        """Make OUT, the key of NAME behind a passphrase."""
        _openssl(self.folder, "ec", "-in", f"{name}.key", "-aes128", "-passout", "pass:x", "-out", out)

    def trusting(self, cert=None):
        """A client's side of TLS that trusts this authority, and shows cert, a pair of paths."""
        context = ssl.create_default_context(cafile=self.file)
        if cert:
            context.load_cert_chain(*cert)
        return context
