"""API: one's own telephones that may search contacts, and their settings."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from gateway.deciding import phones as deciding
from gateway.deciding.by import By
from gateway.deciding.phones import Sheet
from gateway.deciding.telephones import reach
from gateway.deciding.vendors import OTHER, delivered, served, vendor_named
from gateway.domain.contact import Form
from gateway.domain.device import Device
from gateway.domain.signin import Scope
from gateway.store import devices
from gateway.store.rows import Rows
from gateway.web.api.answers import HELD
from gateway.web.api.caller import Caller, Calling, good_for
from gateway.web.files import as_file

router = APIRouter(tags=["phones"])

Id = Annotated[int, Path(ge=1, le=2**53 - 1, description="As GET /phones names it.")]
Vendor = Annotated[str, Field(min_length=1, max_length=40, description="Its maker, such as yealink; other: any.")]
ShownAs = Annotated[Form | None, Field(description="How it shows numbers; null: as everywhere here.")]
FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file that the telephone asks for, under its name.",
        "content": {"text/plain": {"schema": {"type": "string"}}, "application/xml": {"schema": {"type": "string"}}},
    }
}


class Phone(BaseModel):
    """`name`: a MAC address (12 digits), or any text. `shown_as` None: as everywhere here."""

    model_config = HELD

    id: int
    name: str
    vendor: str
    shown_as: Form | None


class NewPhone(BaseModel):
    """`name`: its MAC address, however it is written, or what tells it from one's others."""

    model_config = HELD

    name: Annotated[str, Field(min_length=1, max_length=200)]
    vendor: Vendor
    shown_as: ShownAs = None


class ChangedPhone(BaseModel):
    """What is not there stays as it is."""

    model_config = HELD

    vendor: Vendor | None = None
    shown_as: ShownAs = None


class Maker(BaseModel):
    """Whose telephones settings can be made for: `vendor` names it here, `title` everywhere else."""

    model_config = HELD

    vendor: str
    title: str


class Values(BaseModel):
    """What is typed into a telephone that loads no file, by name. `code`: what a QR code for copying holds.

    `secret` false: others on the way can read what the telephone sends.
    """

    model_config = HELD

    values: dict[str, str]
    code: str
    secret: bool


@router.get("/phones/vendors", name="vendors", dependencies=[Depends(good_for(Scope.OWN_READ))])
async def makers(caller: Calling) -> tuple[Maker, ...]:
    """Return the makers whose telephones can search here, by title; none where there is no directory."""
    where = caller.portal.installation.directory
    known = await asyncio.to_thread(delivered)
    found = served(known.values(), where) if where else ()
    return tuple(Maker(vendor=one.key, title=one.title) for one in found)


@router.get("/phones", dependencies=[Depends(good_for(Scope.OWN_READ))])
async def listed(caller: Calling) -> tuple[Phone, ...]:
    """Show one's telephones."""
    async with caller.portal.store.read() as rows:
        return tuple(_phone(one) for one in await devices.of(rows, caller.mine.id))


@router.post("/phones", status_code=201, dependencies=[Depends(good_for(Scope.OWN_WRITE))])
async def add(caller: Calling, new: NewPhone) -> Phone:
    """Let one more telephone search."""
    mine, where = caller.mine, reach(caller.portal.installation)
    profile = vendor_named("vendor", new.vendor, await asyncio.to_thread(delivered))
    where.of(profile)
    name = deciding.called("name", new.name)
    async with caller.portal.store.write() as rows:
        return _phone(await deciding.add_own(rows, _by(caller), mine, name, profile, new.shown_as))


@router.patch("/phones/{phone}", dependencies=[Depends(good_for(Scope.OWN_WRITE))])
async def change(caller: Calling, phone: Id, changed: ChangedPhone) -> Phone:
    """Let a telephone be of another maker, or show numbers otherwise; its password stays."""
    profile = None
    if changed.vendor is not None:
        profile = vendor_named("vendor", changed.vendor, await asyncio.to_thread(delivered))
        reach(caller.portal.installation).of(profile)
    async with caller.portal.store.write() as rows:
        device = await _mine(rows, caller, phone)
        form = changed.shown_as if "shown_as" in changed.model_fields_set else device.form
        return _phone(await deciding.change(rows, _by(caller), device, profile, form))


@router.delete("/phones/{phone}", status_code=204, dependencies=[Depends(good_for(Scope.OWN_WRITE))])
async def revoke(caller: Calling, phone: Id) -> None:
    """Let a telephone search no more: its password ends at once, and for good."""
    async with caller.portal.store.write() as rows:
        await deciding.revoke(rows, _by(caller), await _mine(rows, caller, phone))


@router.get(
    "/phones/{phone}/settings",
    dependencies=[Depends(good_for(Scope.OWN_WRITE))],
    response_class=Response,
    responses=FILE,
)
async def settings(caller: Calling, phone: Id) -> Response:
    """Return the settings of a telephone as the file that it asks for.

    They hold its password, so that a token that may only read does not do; and each time is noted.
    """
    return as_file(await _sheet(caller, phone))


@router.get("/phones/{phone}/values", name="values", dependencies=[Depends(good_for(Scope.OWN_WRITE))])
async def typed(caller: Calling, phone: Id) -> Values:
    """Return the settings of a telephone as they are typed in.

    They hold its password, so that a token that may only read does not do; and each time is noted.
    """
    sheet = await _sheet(caller, phone)
    return Values(values=dict(sheet.values), code=sheet.code, secret=sheet.is_secret)


async def _sheet(caller: Caller, phone: int) -> Sheet:
    known, where = await asyncio.to_thread(delivered), reach(caller.portal.installation)
    async with caller.portal.store.write() as rows:
        device = await _mine(rows, caller, phone)
        profile = vendor_named("vendor", device.vendor, known)
        return await deciding.show(rows, _by(caller), where, profile, known[OTHER], caller.mine, device)


async def _mine(rows: Rows, caller: Caller, phone: int) -> Device:
    device = await deciding.own(rows, caller.mine.id, phone)
    if device is None:
        raise HTTPException(404, "you have no such telephone")
    return device


def _phone(device: Device) -> Phone:
    return Phone(id=device.id, name=device.name, vendor=device.vendor, shown_as=device.form)


def _by(caller: Caller) -> By:
    return By(caller.now, caller.who)
