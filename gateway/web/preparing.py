"""What takes a moment the first time, done before anybody asks for it: templates are read, the API describes itself."""

from gateway.domain.code import LANGUAGES
from gateway.web.api import api
from gateway.web.texts import Texts


def prepare(texts: Texts) -> None:
    """Blocking, for a second or two: call it in a thread, since the loop leads calls."""
    for language in LANGUAGES:
        environment = texts.environment(language)
        for name in environment.list_templates(extensions=["html"]):
            environment.get_template(name)
    api.description()
