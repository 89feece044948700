"""`ringplan organisation`: what holds for everybody unless a user has their own."""

from datetime import timedelta
from typing import Annotated

import typer

from gateway.cli import shown
from gateway.cli.opened import perform, reading, settings_of, writing
from gateway.deciding import organisation as deciding
from gateway.deciding.by import COMMAND
from gateway.deciding.hours import write_week
from gateway.deciding.organisation import Given
from gateway.domain.user import Organisation
from gateway.engine.clock import WallClock
from gateway.store import organisation

app = typer.Typer(help="What holds for everybody: zone, language, working hours, rules.", no_args_is_help=True)

A_MINUTE = timedelta(minutes=1)


@app.command("show")
def show(context: typer.Context, as_json: shown.AsJson = False) -> None:
    """Show what holds."""

    async def work() -> Organisation:
        async with reading(settings_of(context)) as rows:
            return await organisation.get(rows)

    ours = perform(work())
    said = {
        "zone": ours.zone.key,
        "language": ours.language,
        "hours": write_week(ours.hours.week),
        "country": ours.hours.country,
        "subdivision": ours.hours.subdivision,
        "mode": ours.mode.value,
        "marker": ours.marker,
        "only_own": ours.only_own,
        "permitted": list(ours.permitted),
        "operator": ours.operator,
        "through": list(ours.through),
        "outside": list(ours.outside),
        "grace": ours.grace // A_MINUTE,
        "dial_in": dict(ours.dial_in),
        "phone_country": ours.numbering.country,
        "area": ours.numbering.area,
        "outside_line": ours.numbering.outside,
        "extension_length": ours.numbering.extension,
        "shown_as": ours.numbering.form.value,
    }
    if as_json:
        shown.as_json(said)
        return
    permitted = " ".join(ours.permitted) or "extensions of users"
    own = "yes" if ours.only_own else "no"
    words = said | {"only_own": own, "permitted": permitted, "through": " ".join(ours.through)}
    words["outside"] = " ".join(ours.outside) or "none: conferences call nobody outside"
    words["grace"] = f"{ours.grace // A_MINUTE} min"
    words["dial_in"] = ", ".join(f"{language} {number}" for language, number in ours.dial_in.items())
    shown.table(("WHAT", "IS"), ((key, str(value or "")) for key, value in words.items()))


@app.command("set")
def change(
    context: typer.Context,
    zone: Annotated[str | None, typer.Option(help="Time zone, such as Europe/Stockholm.")] = None,
    language: Annotated[str | None, typer.Option(help="sv, de or en.")] = None,
    hours: Annotated[str | None, typer.Option(help='"mon-fri 08:00-17:00; sat 10:00-14:00"')] = None,
    country: Annotated[str | None, typer.Option(help="Whose public holidays are free, such as SE.")] = None,
    subdivision: Annotated[str | None, typer.Option(help="Of the country, such as BY.")] = None,
    mode: Annotated[str | None, typer.Option(help="codes, or show_as: busy and out divert, without codes.")] = None,
    marker: Annotated[str | None, typer.Option(help="Text from it on is hidden from operators.")] = None,
    only_own: Annotated[
        bool | None, typer.Option("--only-own/--invitations", help="Whether accepted invitations divert.")
    ] = None,
    permit: Annotated[
        list[str] | None, typer.Option(help='Where >number may lead, such as 1xxx; may be repeated; "": extensions.')
    ] = None,
    operator: Annotated[str | None, typer.Option(help='Number that 0 leads to; "" none.')] = None,
    through: Annotated[
        list[str] | None, typer.Option(help='Number whose calls always ring, everywhere; may be repeated; "" none.')
    ] = None,
    outside: Annotated[
        list[str] | None,
        typer.Option(help='Numbers outside that conferences may call, such as 0046*; may be repeated; "" none.'),
    ] = None,
    grace: Annotated[
        int | None, typer.Option(help="Minutes that people may stay in a conference beyond its end.")
    ] = None,
    dial_in: Annotated[
        list[str] | None,
        typer.Option(
            help='Number for guests who dial in, by language: "sv=+46 8 500 100"; may be repeated; sv= takes it away.'
        ),
    ] = None,
    phone_country: Annotated[
        str | None, typer.Option(help='What numbers without a country mean, such as SE; "" nothing.')
    ] = None,
    area: Annotated[str | None, typer.Option(help='Area code of numbers without one, such as 8; "" none.')] = None,
    outside_line: Annotated[str | None, typer.Option(help='What one dials for a line, such as 0; "" nothing.')] = None,
    extension_length: Annotated[int | None, typer.Option(help="The most digits that an extension has.")] = None,
    shown_as: Annotated[
        str | None, typer.Option(help="How contacts' numbers are shown: written, e164, national or outside.")
    ] = None,
) -> None:
    """Change what is given; every calendar is then read anew."""

    wanted = Given(
        zone=zone,
        language=language,
        hours=hours,
        country=country,
        subdivision=subdivision,
        mode=mode,
        marker=marker,
        only_own=only_own,
        permitted=permit,
        operator=operator,
        through=through,
        outside=outside,
        grace=grace,
        dial_in=dial_in,
        phone_country=phone_country,
        area=area,
        outside_line=outside_line,
        extension_length=extension_length,
        shown_as=shown_as,
    )
    settings = settings_of(context)

    async def work() -> tuple[Organisation, Organisation]:
        async with writing(settings) as rows:
            return await deciding.put(rows, WallClock().now(), COMMAND, wanted)

    before, after = perform(work())
    shown.line("the organisation is as it was" if before == after else "the organisation is changed")
    if settings.directory is not None and before.numbering != after.numbering:
        shown.line("numbers of contacts are understood so when these are read next; ringplan sync reads all now")
