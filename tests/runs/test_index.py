"""The index of runs, when several processes write it."""

from typing import Any

from sqlalchemy import event, insert, select
from sqlalchemy.orm import Session

from builder.runs import index


def test_a_row_that_another_process_inserts_at_the_same_moment_is_replaced() -> None:
    row = index.Row(id="20260101-000000-abcdef", name="ours")
    index.engine()

    others = [row.id]

    def meanwhile(*_: Any) -> None:
        if not others:
            return
        others.clear()
        theirs = {
            "id": row.id,
            "project_id": "",
            "status": "queued",
            "created": 0.0,
            "name": "theirs",
            "note": "",
            "size": 0,
            "row": {"id": row.id},
        }
        with index.engine().begin() as other:
            other.execute(insert(index.Entry).values(**theirs))

    event.listen(Session, "before_flush", meanwhile)
    try:
        index.put(row)
    finally:
        event.remove(Session, "before_flush", meanwhile)
    with Session(index.engine()) as session:
        assert session.scalars(select(index.Entry.name)).all() == ["ours"]
