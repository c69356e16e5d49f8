"""The text of .env.example, as the settings say it: `python -m tests.support.example > .env.example`."""

import sys

from pydantic.fields import FieldInfo

from core.config import Config

HEAD = """\
# Every setting with its default. Copy this file to .env and take the # away where you set something;
# the environment outweighs the file. In production the start names what must be set.
"""


def example() -> str:
    return "\n".join([HEAD, *(_entry(name, field) for name, field in Config.model_fields.items())])


def _entry(name: str, field: FieldInfo) -> str:
    return f"# {field.description}\n#{name.upper()}={_written(field.default)}\n"


def _written(default: object) -> str:
    match default:
        case None:
            return ""
        case bool():
            return str(int(default))
        case tuple():
            return " ".join(default)
        case _:
            return str(default)


if __name__ == "__main__":
    sys.stdout.write(example())
