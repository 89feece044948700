"""Phones: one's own telephones that may search contacts, what they are called, and their settings.

A telephone's password is never in a list. It is shown together with the settings after a click of its own, as the
answer to a POST: it stands in no address, and who goes back does not see it again.
"""

import asyncio

import segno
from fastapi import APIRouter, Depends
from starlette.exceptions import HTTPException
from starlette.responses import Response

from gateway.deciding import phones as deciding
from gateway.deciding.by import By
from gateway.deciding.numbering import shown_as
from gateway.deciding.phones import Sheet
from gateway.deciding.telephones import reach
from gateway.deciding.vendors import OTHER, delivered, served, vendor_named
from gateway.domain.contact import Form
from gateway.domain.device import Device
from gateway.domain.signin import Role
from gateway.errors import RingplanError
from gateway.store import devices
from gateway.web.files import as_file
from gateway.web.visit import Given, Id, Visit, Visiting, entered

router = APIRouter(dependencies=[Depends(entered(Role.USER))])

FORM = "shown_as"
AS_ALL = ""


@router.get("/phones")
async def show(visit: Visiting) -> Response:
    """Show them, and what one more is asked for."""
    return await _listed(visit)


@router.post("/phones")
async def add(visit: Visiting) -> Response:
    """Let one more telephone search."""
    mine, form = visit.mine, await visit.form()
    known = await asyncio.to_thread(delivered)
    try:
        where = reach(visit.portal.installation)
        profile = vendor_named("vendor", form.text("vendor"), known)
        where.of(profile)
        name, shows = deciding.called("name", form.text("name")), _form(form)
        async with visit.portal.store.write() as rows:
            device = await deciding.add_own(rows, _by(visit), mine, name, profile, shows)
    except RingplanError as error:
        return await _listed(visit, error, form)
    return visit.to(f"/phones/{device.id}", told="added")


@router.get("/phones/{phone}")
async def show_one(visit: Visiting, phone: Id) -> Response:
    """Show one, without its password."""
    return await _one(visit, await _mine(visit, phone))


@router.post("/phones/{phone}")
async def change(visit: Visiting, phone: Id) -> Response:
    """Let it be of another maker, or show numbers otherwise."""
    device, form = await _mine(visit, phone), await visit.form()
    known = await asyncio.to_thread(delivered)
    try:
        profile = vendor_named("vendor", form.text("vendor"), known)
        reach(visit.portal.installation).of(profile)
        shows = _form(form)
        async with visit.portal.store.write() as rows:
            now_is = await deciding.own(rows, visit.mine.id, phone)
            if now_is is None:
                raise HTTPException(404)
            await deciding.change(rows, _by(visit), now_is, profile, shows)
    except RingplanError as error:
        return await _one(visit, device, error=error)
    return visit.to(f"/phones/{device.id}", told="changed")


@router.post("/phones/{phone}/show")
async def show_settings(visit: Visiting, phone: Id) -> Response:
    """Show its settings with the password, as text and as a QR code."""
    device = await _mine(visit, phone)
    try:
        sheet = await _sheet(visit, device)
    except RingplanError as error:
        return await _one(visit, device, error=error)
    return await _one(visit, device, sheet)


@router.post("/phones/{phone}/file")
async def download(visit: Visiting, phone: Id) -> Response:
    """Hand out its settings as the file that it asks for."""
    device = await _mine(visit, phone)
    try:
        return as_file(await _sheet(visit, device))
    except RingplanError as error:
        return await _one(visit, device, error=error)


@router.post("/phones/{phone}/revoke")
async def revoke(visit: Visiting, phone: Id) -> Response:
    """Let it search no more."""
    device = await _mine(visit, phone)
    async with visit.portal.store.write() as rows:
        await deciding.revoke(rows, _by(visit), device)
    return visit.to("/phones", told="revoked")


async def _mine(visit: Visit, phone: int) -> Device:
    async with visit.portal.store.read() as rows:
        device = await deciding.own(rows, visit.mine.id, phone)
    if device is None:
        raise HTTPException(404)
    return device


async def _sheet(visit: Visit, device: Device) -> Sheet:
    known = await asyncio.to_thread(delivered)
    where, profile = reach(visit.portal.installation), vendor_named("vendor", device.vendor, known)
    async with visit.portal.store.write() as rows:
        return await deciding.show(rows, _by(visit), where, profile, known[OTHER], visit.mine, device)


async def _listed(visit: Visit, error: RingplanError | None = None, form: Given | None = None) -> Response:
    mine, where = visit.mine, visit.portal.installation.directory
    known = await asyncio.to_thread(delivered)
    async with visit.portal.store.read() as rows:
        own = await devices.of(rows, mine.id)
    return visit.page(
        "phones.html",
        error=error,
        phones=own,
        titles={one.key: one.title for one in known.values()},
        makers=served(known.values(), where) if where else [],
        has_directory=where is not None,
        Form=Form,
        typed={name: form.text(name) if form else "" for name in ("name", "vendor", FORM)},
        is_full=len(own) >= deciding.MOST,
    )


async def _one(
    visit: Visit, device: Device, sheet: Sheet | None = None, error: RingplanError | None = None
) -> Response:
    where = visit.portal.installation.directory
    known = await asyncio.to_thread(delivered)
    code = segno.make_qr(sheet.code, error="l", boost_error=True) if sheet else None
    return visit.page(
        "phones_one.html",
        error=error,
        phone=device,
        title=known[device.vendor].title if device.vendor in known else device.vendor,
        makers=served(known.values(), where) if where else [],
        Form=Form,
        sheet=sheet,
        is_typed=device.vendor == OTHER,
        essentials=deciding.ESSENTIALS,
        code=code.svg_data_uri(light="#fff", border=4) if code else "",
    )


def _by(visit: Visit) -> By:
    return By(visit.now, visit.who)


def _form(form: Given) -> Form | None:
    asked = form.text(FORM)
    return None if asked == AS_ALL else shown_as(FORM, asked)
