"""What is said where the directory cannot listen."""

import errno

import pytest

from gateway.directory import server
from gateway.directory.index.catalogue import Catalogue
from gateway.directory.schema import load
from gateway.directory.server import listening
from gateway.directory.settings import DirectorySettings, Listening, ListenSettings
from gateway.directory.visitors import Visitors
from gateway.errors import Misconfigured


@pytest.mark.parametrize(("number", "remedy"), [(errno.EACCES, "ports below 1024"), (errno.EADDRINUSE, "nobody else")])
async def test_a_port_that_cannot_be_had_is_told_with_what_helps(monkeypatch, number, remedy):
    def refused(*_):
        raise OSError(number, "no")

    monkeypatch.setattr(server, "Door", refused)
    listen = ListenSettings.model_validate({"address": "127.0.0.1", "tls": "none"})
    settings = Listening(DirectorySettings(host="pbx.example.org"), {"inside": listen})
    with pytest.raises(Misconfigured, match=r"listen\.inside: 127\.0\.0\.1 port 389") as told:
        async with listening(settings, Catalogue(), Visitors("dc=contacts"), load()):
            pass
    assert remedy in told.value.remedy
