"""A task that carries a user over, without a broker's server.

`celery_tasks.py NAME...` sends it for each name and prints the answers.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from celery import Celery  # type: ignore[import-untyped]

from server_app import asked, migrator, said

folder = Path(os.environ["CELERY_FOLDER"])
queue = str(folder / "queue")
app = Celery("celery_tasks", broker="filesystem://", backend=f"file://{folder}/results")
app.conf.broker_transport_options = {
    "data_folder_in": queue,
    "data_folder_out": queue,
    "control_folder": str(folder / "control"),
    "polling_interval": 0.05,
}
app.conf.task_acks_late = True


@app.task(name="sign_in")  # type: ignore[untyped-decorator]
def sign_in(name: str) -> str:
    return f"{name} {said(migrator.migrate(*asked(name))).decode()}"


if __name__ == "__main__":
    for result in [sign_in.delay(name) for name in sys.argv[1:]]:
        print(result.get(timeout=60, interval=0.05))
