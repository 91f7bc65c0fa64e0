"""The base class of the models of answers, and types of fields that read their values."""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainValidator, PrivateAttr, model_validator

from tui_app.api.drift import Drift
from tui_app.api.enums import ActionType, Destination, Disposition, JobStatus
from tui_app.api.wire_values import Wire, count, flag, identity, moment, named, open_enum, truth
from tui_app.core.text import Untrusted

_any_job_status = open_enum(JobStatus, any_case=True)


def _job_status(value: Any) -> JobStatus | Untrusted:
    return _any_job_status(identity(value).exact)


Identity = Annotated[Untrusted, PlainValidator(identity)]
Names = Annotated[tuple[Untrusted, ...], PlainValidator(named)]
Truth = Annotated[bool, PlainValidator(truth)]
When = Annotated[datetime | None, PlainValidator(moment)]
Count = Annotated[int, PlainValidator(count)]
Flag = Annotated[bool, PlainValidator(flag)]
OpenJobStatus = Annotated[JobStatus | Untrusted, PlainValidator(_job_status)]
OpenAction = Annotated[ActionType | Untrusted, PlainValidator(open_enum(ActionType))]
OpenDestination = Annotated[Destination | Untrusted, PlainValidator(open_enum(Destination))]
OpenDisposition = Annotated[Disposition | Untrusted, PlainValidator(open_enum(Disposition))]


def an_object(value: Any) -> Any:
    """The value if it is an object, else an empty object."""
    return value if isinstance(value, (dict, BaseModel)) else {}


Object = Annotated[Wire, BeforeValidator(an_object)]


class WireModel(BaseModel):
    """An object of an answer. Unknown fields are ignored but reported to `Drift`; null is like a missing field."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        frozen=True, extra="ignore", hide_input_in_errors=True, arbitrary_types_allowed=True, populate_by_name=True
    )
    OPEN: ClassVar[tuple[str, ...]] = ()
    """Fields whose unknown values are reported: enums of the API that may grow."""
    UNREAD: ClassVar[frozenset[str]] = frozenset()
    """Documented fields that this program does not read."""
    _wire: Wire = PrivateAttr(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _null_is_missing(cls, data: Any) -> Any:
        return {name: value for name, value in data.items() if value is not None} if isinstance(data, dict) else data

    @classmethod
    def from_wire(cls, data: Any, drift: Drift | None = None) -> Self:
        """Read one object. Raises pydantic.ValidationError when a required field is missing."""
        model = cls.model_validate(data)
        model._wire = data
        if drift is not None and isinstance(data, dict):
            model.notice(data, drift)
        return model

    def notice(self, data: Wire, drift: Drift) -> None:
        """Report undocumented fields and values, also of the objects inside."""
        model = type(self)
        drift.fields(model.__name__, data.keys() - _documented(model))
        for name in model.OPEN:
            value = getattr(self, name)
            if isinstance(value, Untrusted) and value.exact:
                drift.value(f"{model.__name__}.{name}", value)
        for name, field in model.model_fields.items():
            inner, raw = getattr(self, name), data.get(field.alias or name)
            if isinstance(inner, WireModel) and isinstance(raw, dict):
                inner.notice(raw, drift)
            elif isinstance(inner, tuple) and isinstance(raw, list):
                for item, wire in zip(inner, raw, strict=False):
                    if isinstance(item, WireModel) and isinstance(wire, dict):
                        item.notice(wire, drift)

    @property
    def wire(self) -> Wire:
        """The object as the server sent it; for JSON, never for a screen."""
        return self._wire


def _documented(model: type[WireModel]) -> frozenset[str]:
    known = _DOCUMENTED.get(model)
    if known is None:
        names = {field.alias or name for name, field in model.model_fields.items()}
        known = _DOCUMENTED[model] = frozenset(names) | model.UNREAD
    return known


_DOCUMENTED: dict[type[WireModel], frozenset[str]] = {}
