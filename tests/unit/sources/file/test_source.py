"""Files that are there, change, are being written, or are gone."""

import os
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gateway.domain.book import Book, ContactChanges
from gateway.domain.mailbox import Account
from gateway.domain.secret import Secret
from gateway.errors import GiveUp, Misconfigured, RetryLater
from gateway.sources.file.settings import FileSettings
from gateway.sources.file.source import connect

ACCOUNT, BOOK = Account(1, "files", "-", Secret("")), Book(1, 1, "-", name="company")
ANNA, BODIL = "name,phone\nAnna,1\n", "name,phone\nBodil,2\n"


@dataclass
class Files:
    """A folder in which files were written so many seconds ago."""

    folder: Path
    now: float = field(default=1_800_000_000.0)

    def write(self, name: str, text: str, age: float = 60.0) -> Path:
        file = self.folder / name
        file.write_text(text)
        os.utime(file, (self.now - age, self.now - age))
        return file

    async def read(self, name: str = "", since: str | None = None, path: str | None = None) -> ContactChanges | None:
        settings = FileSettings(path=self.folder / name)
        async with connect(settings, lambda: self.now)(ACCOUNT) as opened:
            assert opened.calendar is None
            assert opened.contacts is not None
            return await opened.contacts.read(Book(1, 1, "-", name="company", path=path), since)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


async def test_a_file_is_read_when_its_content_changes(files):
    files.write("a.csv", ANNA)
    first = await files.read("a.csv")
    assert first is not None
    assert ([one.name for one in first.put], first.whole) == (["Anna"], True)
    files.write("a.csv", ANNA, age=30.0)
    assert await files.read("a.csv", first.token) is None
    files.write("a.csv", ANNA + "Bodil,2\n")
    second = await files.read("a.csv", first.token)
    assert second is not None
    assert [one.name for one in second.put] == ["Anna", "Bodil"]
    assert second.put[0].key == first.put[0].key


async def test_all_files_of_a_folder_are_read_and_each_alone_by_its_name(files):
    for name, text in (("a.csv", ANNA), ("b.CSV", ANNA), ("notes.txt", "x"), (".hidden.csv", "x"), ("~$a.csv", "x")):
        files.write(name, text)
    files.write("c.vcf", "BEGIN:VCARD\nFN:Carl\nTEL:3\nEND:VCARD\n")
    read = await files.read()
    assert read is not None
    assert [one.name for one in read.put] == ["Anna", "Anna", "Carl"]
    assert len({one.key for one in read.put}) == 3
    one = await files.read(path="c.vcf")
    assert one is not None
    assert [one.name for one in one.put] == ["Carl"]
    files.write("d.csv", BODIL)
    assert await files.read("", read.token) is not None


@pytest.mark.parametrize("path", ["/etc/passwd", "../x.csv", "a/../../x.csv"])
async def test_a_book_stays_in_the_folder_of_its_source(files, path):
    with pytest.raises(GiveUp, match="below"):
        await files.read(path=path)


@pytest.mark.parametrize("name", ["missing.csv", "a.csv/b.csv", "empty"])
async def test_what_is_not_there_is_said(files, name):
    files.write("a.csv", ANNA)
    (files.folder / "empty").mkdir()
    with pytest.raises(GiveUp, match="there is no") as raised:
        await files.read(name)
    assert raised.value.remedy


async def test_a_file_that_is_being_written_is_left_alone(files):
    files.write("a.csv", ANNA, age=1.0)
    with pytest.raises(RetryLater, match="being written"):
        await files.read("a.csv")
    files.write("a.csv", ANNA, age=-3600.0)
    assert await files.read("a.csv") is not None
    half = "BEGIN:VCARD\nFN:Anna\nTEL:1\nEND:VCARD\nBEGIN:VCARD\nFN:Bod"
    files.write("a.vcf", half, age=60.0)
    with pytest.raises(RetryLater, match="being written"):
        await files.read("a.vcf")
    files.write("a.vcf", half, age=3600.0)
    read = await files.read("a.vcf")
    assert read is not None
    assert [one.name for one in read.put] == ["Anna", "Bod"]


async def test_one_file_that_makes_no_sense_keeps_all_as_they_were(files):
    files.write("a.csv", ANNA)
    files.write("b.csv", "nonsense")
    with pytest.raises(Misconfigured, match=r"b\.csv, line 1"):
        await files.read()


async def test_only_files_are_read(files):
    os.mkfifo(files.folder / "pipe.csv")
    (files.folder / "folder.csv").mkdir()
    for name in ("pipe.csv", "a.txt"):
        with pytest.raises(GiveUp):
            await files.read(name)
    with pytest.raises(GiveUp):
        await files.read()


async def test_a_file_that_is_too_large_is_not_read(files):
    os.truncate(files.write("a.csv", ANNA), 60 * 2**20)
    os.utime(files.folder / "a.csv", (files.now - 60, files.now - 60))
    with pytest.raises(GiveUp, match="MiB"):
        await files.read("a.csv")
