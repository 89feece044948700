"""A real OpenLDAP (Debian's slapd 2.5) on a free loopback port, with entries that it is given as LDIF.

Its configuration is that of slapd.conf(5) and slapd-mdb(5): equality and parts are indexed. `scoped`: each user sees
the company's entries and their own; slapd's own way is access control by the bound name (slapd.access(5)), and a rule
of the overlay rwm (slapo-rwm(5)) that adds the viewer to every filter, without which it would look at everybody's.

    async with Slapd.start(ldif) as slapd:
        ldap3.Server(slapd.url)
"""

import os
import pwd
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from peers import ports
from peers.process import SOON, Process, answers, run

SLAPD, SLAPADD = "/usr/sbin/slapd", "/usr/sbin/slapadd"
SCHEMAS = Path("/etc/ldap/schema")
OURS = Path(__file__).parents[1] / "ldap" / "schema" / "contacts.schema"
ACCOUNT = "openldap"  # Debian's user for it

# whose a contact is, which only the scoped one needs; the arc is OpenLDAP's for experiments
OWNED = """attributetype ( 1.3.6.1.4.1.4203.666.11.99.1 NAME 'contactOwner'
    EQUALITY distinguishedNameMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.12 )
objectclass ( 1.3.6.1.4.1.4203.666.11.99.2 NAME 'ownedContact' SUP top AUXILIARY MAY contactOwner )
"""

CONFIGURATION = """include {folder}/core.schema
include {schemas}/cosine.schema
include {schemas}/inetorgperson.schema
include {folder}/contacts.schema
include {folder}/owned.schema
modulepath /usr/lib/ldap
moduleload back_mdb.so
moduleload pw-sha2.so
moduleload sssvlv.so
moduleload rwm.so
pidfile {folder}/slapd.pid
argsfile {folder}/slapd.args
threads 4
tool-threads 2
idletimeout 60
writetimeout 10
conn_max_pending 100
sizelimit {most}
timelimit 10
index_substr_if_minlen 2
index_substr_if_maxlen 4
{tls}
access to dn.base="" by * read
access to dn.base="cn=Subschema" by * read
database mdb
suffix "{base}"
directory {folder}/db
maxsize 8589934592
dbnosync
rootdn "cn=admin,{base}"
searchstack 16
index objectClass,uid,contactOwner eq
index cn,sn eq,sub
index givenName,o,company eq,subinitial
index telephoneNumber,mobile,homePhone eq
index numberKey,keypad eq,subinitial
access to attrs=userPassword by anonymous auth by * none
{access}
overlay sssvlv
{scope}
"""

READ_ALL = "access to * by * read"
READ_OWN = """access to dn.regex="^(.+,)?(uid=[^,]+,ou=people,{base})$" by dn.exact,expand="$2" read by * none
access to dn.subtree="ou=company,{base}" by * read
access to * by * search
"""
OWN_FILTER = """overlay rwm
rwm-rewriteEngine on
rwm-rewriteContext bindDN
rwm-rewriteRule ".+" "${{&&viewer($0)}}$0" ":"
rwm-rewriteContext searchDN
rwm-rewriteContext searchEntryDN
rwm-rewriteContext searchAttrDN
rwm-rewriteContext searchFilterAttrDN
rwm-rewriteContext searchFilter
rwm-rewriteRule ".*" "(&(|(contactOwner=ou=company,{base})(contactOwner=${{**viewer}}))$0)" ":I"
"""


class Slapd:
    """A running slapd: `port`, `secure` (LDAPS), `url`, `pid`, `folder`."""

    def __init__(self, folder: Path, port: int, secure: int, process: Process) -> None:
        self.folder, self.port, self.secure, self.url = folder, port, secure, f"ldap://127.0.0.1:{port}"
        self._process = process

    @classmethod
    @asynccontextmanager
    async def start(
        cls,
        ldif: Path,
        *,
        base: str = "dc=contacts",
        scoped: bool = False,
        most: str = "unlimited",
        tls: tuple[Path, Path] | None = None,
    ) -> AsyncIterator["Slapd"]:
        """Start it with the entries of `ldif`, in a new folder of its own; `most` entries are in one answer.

        `tls`: certificate and key, for StartTLS and, on the next port that is free (`secure`), LDAPS.
        """
        folder = Path(tempfile.mkdtemp(prefix="ringplan-slapd-"))
        port, secure = ports.free(), ports.free()
        account = ACCOUNT if os.geteuid() == 0 else None
        try:
            _write(folder, base, scoped, most, tls)
            shutil.copy(ldif, folder / "entries.ldif")
            if account:
                _give(folder, account)
            identity = ["setpriv", "--reuid", account, "--regid", account, "--clear-groups"] if account else []
            added = (*identity, SLAPADD, "-q", "-f", str(folder / "slapd.conf"), "-l", str(folder / "entries.ldif"))
            await run(*added, deadline=600.0)
            listens = f"ldap://127.0.0.1:{port}" + (f" ldaps://127.0.0.1:{secure}" if tls else "")
            process = await Process.start(
                SLAPD, "-d", "0", "-f", str(folder / "slapd.conf"), "-h", listens,
                log=folder / "slapd.log", name="slapd", run_as=account,
            )  # fmt: skip
            try:
                await process.ready(lambda: answers("127.0.0.1", port), SOON)
                yield cls(folder, port, secure, process)
            finally:
                await process.stop()
        finally:
            ports.release(port, secure)
            shutil.rmtree(folder, ignore_errors=True)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid


def _write(folder: Path, base: str, scoped: bool, most: str, tls: tuple[Path, Path] | None) -> None:
    (folder / "db").mkdir()
    shutil.copy(OURS, folder / "contacts.schema")
    (folder / "owned.schema").write_text(OWNED)
    # names have no order in Debian's schema: they could not be compared by >= and <=
    core = (SCHEMAS / "core.schema").read_text().replace("SUP name )", "SUP name ORDERING caseIgnoreOrderingMatch )")
    (folder / "core.schema").write_text(core)
    for index, path in enumerate(tls or ()):
        shutil.copy(path, folder / f"tls{index}.pem")
    (folder / "slapd.conf").write_text(
        CONFIGURATION.format(
            folder=folder,
            schemas=SCHEMAS,
            base=base,
            most=most,
            tls=f"TLSCertificateFile {folder}/tls0.pem\nTLSCertificateKeyFile {folder}/tls1.pem" if tls else "",
            access=(READ_OWN if scoped else READ_ALL).format(base=base),
            scope=OWN_FILTER.format(base=base) if scoped else "",
        )
    )


def _give(folder: Path, account: str) -> None:
    who = pwd.getpwnam(account)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, who.pw_uid, who.pw_gid)
