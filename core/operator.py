"""Who runs this Kontor: what the public pages must name, as the operator sets it."""

from typing import NamedTuple

from pydantic import Field
from pydantic_settings import BaseSettings

NONE = "none"


class Processor(NamedTuple):
    """A company that the operator has process data: what for, and where."""

    name: str
    purpose: str
    place: str


class OperatorSettings(BaseSettings):
    """Part of Config."""

    operator_name: str = Field("Kontor (development)", min_length=1, description="who runs this Kontor")
    operator_email: str = Field(
        "operator@localhost", pattern=r"^[^@\s]+@[^@\s]+$", description="where people reach the operator"
    )
    operator_address: str = Field(
        "This machine, Your desk",
        pattern=r"^[^,]*[^,\s][^,]*(,[^,]*[^,\s][^,]*)+$",
        description="the operator's postal address, its lines separated by commas: "
        "Hafenstr. 1, 20457 Hamburg, Germany",
    )
    operator_represented_by: str | None = Field(
        None, description="who represents the operator, where it is a company"
    )
    operator_phone: str | None = Field(None, description="the operator's telephone number")
    operator_register: str | None = Field(
        None, description="the register and number the operator is entered under: Amtsgericht Hamburg, HRB 1"
    )
    operator_vat_id: str | None = Field(None, description="the operator's VAT identification number")
    operator_data_officer: str | None = Field(
        None, description="the operator's data protection officer and how to reach her, where there is one"
    )
    sub_processors: str = Field(
        "This machine - hosting - here",
        pattern=r"^(none|[^;]+ - [^;]+ - [^;]+(; *[^;]+ - [^;]+ - [^;]+)*)$",
        description="who processes data for the operator, as name - purpose - country, separated by "
        "semicolons, or none: Host Ltd - hosting - Ireland; Mail GmbH - sending mail - Germany",
    )

    @property
    def address_lines(self) -> list[str]:
        return [line.strip() for line in self.operator_address.split(",")]

    @property
    def processors(self) -> list[Processor]:
        if self.sub_processors == NONE:
            return []
        parted = [one.strip().split(" - ", 2) for one in self.sub_processors.split(";")]
        return [Processor(*(part.strip() for part in one)) for one in parted]
