"""What every step of a rule pack says of itself."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Step(BaseModel):
    """A rule as a pack writes it; ``text`` may name its parameters in braces."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(min_length=1, max_length=32)]
    standard: str
    clause: str
    clause_zh: str
    confidence: str
    text: str
    text_zh: str

    def numbers(self) -> dict[str, object]:
        """Return the parameters by name."""
        known = set(Step.model_fields) | {"step"}
        return {k: v for k, v in self.model_dump().items() if k not in known}
