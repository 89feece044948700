"""Which bodies are taken for whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.sources.ews.connection.adapter import well_formed
from tests.unit.sources.ews.scripted import capture

WHOLE = capture("033_sync_initial_SyncFolderItems")


def test_an_answer_of_a_real_server_is_whole():
    assert well_formed(WHOLE)


@given(st.integers(min_value=0, max_value=len(WHOLE.rstrip()) - 1))
def test_no_part_of_an_answer_is_whole(length):
    assert not well_formed(WHOLE[:length])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>",
        b"\x00" * 100,
        WHOLE + WHOLE,
        b"<!DOCTYPE a><a/>",
        b'<!DOCTYPE a [<!ENTITY b "cc">]><a>&b;</a>',
        b'<!DOCTYPE a SYSTEM "file:///etc/hostname"><a/>',
        '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE a><a/>'.encode("utf-16"),
        b"<a>\x01</a>",
        b"<a>\xff</a>",
    ],
)
def test_what_is_no_whole_document_of_one_meaning(body):
    assert not well_formed(body)


def test_a_large_answer_may_be_whole():
    assert well_formed(b"<a>" + b"<b>c</b>" * 2_000_000 + b"</a>")
