"""What every step of a rule pack says of itself."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

SURE = (
    "seen",
    "derived",
    "from memory, high",
    "from memory, medium",
    "from memory, low",
    "an engineering default",
    "a proposal",
)
"""How sure a number is: the words of confidence."""
_SURE = re.compile(r"\b(?:seen|derived|from memory, (?:high|medium|low)|engineering default|proposals?)\b")


def _confident(text: str) -> str:
    """Return words of confidence, refused where none of SURE is among them, or where a memory is not graded."""
    if _SURE.search(text) is None or "from memory" in _SURE.sub("", text):
        words = ", ".join(f'"{word}"' for word in SURE)
        raise PydanticCustomError(
            "confidence", '"{text}" says nothing of how sure it is; write one of {words}', {"text": text, "words": words}
        )
    return text


Confidence = Annotated[str, AfterValidator(_confident)]
"""How sure a rule's numbers are, in words of SURE; where they differ each has its own: "minutes seen; share a proposal"."""


class Step(BaseModel):
    """A rule as a pack writes it; ``text`` may name its parameters in braces."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(min_length=1, max_length=32)]
    standard: str
    clause: str
    clause_zh: str
    confidence: Confidence
    text: str
    text_zh: str

    def numbers(self) -> dict[str, object]:
        """Return the parameters by name."""
        known = set(Step.model_fields) | {"step"}
        return {k: v for k, v in self.model_dump().items() if k not in known}
