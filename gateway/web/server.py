"""Where the portal listens: uvicorn on a socket of ours, in the gateway's own loop."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from errno import EACCES

import uvicorn

from gateway.errors import Misconfigured
from gateway.net.certificates import Certificate
from gateway.web.application import application
from gateway.web.portal import Portal
from gateway.web.settings import WebSettings

BACKLOG = 128
GRACE = 3  # seconds that answers have to go out when it ends
AT_ONCE = 500


class Server(uvicorn.Server):
    """A uvicorn that leaves signals to the gateway."""

    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]
        """Take none."""
        yield


@asynccontextmanager
async def listening(portal: Portal) -> AsyncIterator[tuple[str, int]]:
    """Serve the portal until the context ends; yields address and port.

    Raises `Misconfigured` where the address cannot be listened on, or the certificate cannot be used.
    """
    settings = portal.settings
    certificate = Certificate(settings.certificate, settings.key) if settings.certificate and settings.key else None
    bound = _bound(settings)
    config = uvicorn.Config(
        application(portal),
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.proxies),
        forwarded_allow_ips=[str(network) for network in settings.proxies] or None,
        timeout_graceful_shutdown=GRACE,
        limit_concurrency=AT_ONCE,
    )
    config.load()
    if certificate is not None:
        config.ssl = certificate.context()
    server = Server(config)
    serving = asyncio.create_task(server.serve([bound]), name="web server")
    try:
        yield bound.getsockname()[:2]
    finally:
        server.should_exit = True
        await asyncio.wait((serving,))
        bound.close()
    serving.result()


def _bound(settings: WebSettings) -> socket.socket:
    address, port = settings.at
    try:
        made = socket.create_server(
            (address, port), family=socket.AF_INET6 if ":" in address else socket.AF_INET, backlog=BACKLOG
        )
    except OSError as error:
        remedy = "below 1024, let systemd give it CAP_NET_BIND_SERVICE" if error.errno == EACCES else "is it in use?"
        raise Misconfigured(f"[web] cannot listen on {address}:{port}: {error.strerror}", remedy) from error
    made.setblocking(False)
    return made
