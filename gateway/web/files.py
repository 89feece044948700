"""Settings of telephones as files that are saved."""

from starlette.responses import Response

from gateway.deciding.phones import Sheet


def as_file(sheet: Sheet) -> Response:
    """Return settings as a file under the name that the telephone asks for, which nobody on the way keeps."""
    kind = "application/xml" if sheet.is_xml else "text/plain; charset=utf-8"
    headers = {"Content-Disposition": f'attachment; filename="{sheet.file}"', "Cache-Control": "no-store"}
    return Response(sheet.text.encode(), media_type=kind, headers=headers)
