"""What a worker sends to its supervisor: plain data, so that nothing a worker sends can run code in the supervisor.

The supervisor holds the labels. It therefore never unpickles anything that comes from a worker: a message is JSON and
NumPy arrays without objects. What the supervisor sends to a worker is pickled by multiprocessing.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, Literal, get_args

from pslbench.contracts.arrays import AnyArray
from pslbench.errors import ContractError

QueryKind = Literal["samples", "label", "corrections", "test_accuracy"]
MessageKind = Literal["ready", "stage", "loading", "computed", "waiting", QueryKind, "done"]
QUERIES: tuple[QueryKind, ...] = get_args(QueryKind)  # the worker waits for an answer to these
HEADER_LENGTH = 8  # bytes, of the length of the JSON
MAX_LENGTH = 2**30  # bytes of a message


class MessageError(Exception):
    """A message that no worker of pslbench sends."""


@dataclass(frozen=True)
class Message:
    """A message of a worker.

    Attributes:
        kind: what it says: `ready`, a `stage` begins, it is `loading` a library, a stage is `computed` for a reason, it
            is `waiting` for another process, it queries `samples`, a `label`, `corrections` or the `test_accuracy`, or
            a cell is `done`.
        facts: JSON values by name.
        arrays: by name.
    """

    kind: MessageKind
    facts: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, AnyArray] = field(default_factory=dict)


def encode(message: Message) -> bytes:
    """Raises ContractError if an array contains Python objects."""
    import numpy as np

    if any(array.dtype.hasobject for array in message.arrays.values()):
        raise ContractError("a query must consist of plain arrays, without Python objects")
    head = json.dumps([message.kind, dict(message.facts), list(message.arrays)]).encode()
    body = BytesIO()
    for array in message.arrays.values():
        np.save(body, np.ascontiguousarray(array), allow_pickle=False)
    return len(head).to_bytes(HEADER_LENGTH, "big") + head + body.getvalue()


def decode(content: bytes) -> Message:
    """Raises MessageError if the content is anything but an encoded message."""
    import numpy as np

    size = HEADER_LENGTH + int.from_bytes(content[:HEADER_LENGTH], "big")
    try:
        kind, facts, names = json.loads(content[HEADER_LENGTH:size])
        if kind not in get_args(MessageKind) or not isinstance(facts, dict):
            raise ValueError("its head is not a kind and facts")
        body = BytesIO(content[size:])
        arrays = {str(name): np.lib.format.read_array(body, allow_pickle=False) for name in names}
    except Exception as error:
        raise MessageError(f"a message of the worker cannot be read: {error}") from None
    return Message(kind, facts, arrays)
