#!/usr/bin/env python3
"""Turns the scenarios into the same scenarios in bad weather, and writes them to stdout as one JSON array.

With --all every kind of fault at every share; without, each share once, the kind going round with the
scenario. `tests/scenarios/README.md` says what bad weather is, and what is left of a scenario in it.

    SCENARIO=name                     only scenarios whose name holds it
    SCENARIO_SEED=2                   another round (1 unless given)
    SCENARIO_WEATHER=stall:0.5:28805  only this kind, share and seed
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# The sandbox's faults by share, in its own order.
KINDS = [
    "error_500",
    "error_503",
    "reset_before",
    "reset_after",
    "stall",
    "truncated",
    "malformed",
    "html",
    "drip",
]
SHARES = [0.01, 0.1, 0.5]
# In seconds: a request of a verb gets a little less than half of it, and so breaks off before a stall's end.
DEADLINE = "0.6"
STALL_MS = 400
DRIP_MS = 3

Scenario = dict[str, Any]
Weather = tuple[str, float, int]


def scenarios() -> Iterator[tuple[int, Scenario]]:
    """Every scenario that may be wanted, with its number among all."""
    wanted = os.environ.get("SCENARIO", "")
    folder = Path(__file__).resolve().parent / "scenarios"
    files = sorted(path for path in folder.glob("*.json") if path.name != "schema.json")
    every = [scenario for file in files for scenario in json.loads(file.read_text("utf-8"))["scenarios"]]
    for number, scenario in enumerate(every):
        if wanted in scenario["name"] and not {"build_error", "weather"} & scenario.keys():
            yield number, scenario


def weathers(number: int, every: bool) -> Iterator[Weather]:
    """What the scenario of that number is run in."""
    if one := os.environ.get("SCENARIO_WEATHER"):
        kind, share, seed = one.split(":")
        yield kind, float(share), int(seed)
        return
    first = (int(os.environ.get("SCENARIO_SEED", "1")) * 1000 + number) * len(KINDS) * len(SHARES)
    for at, share in enumerate(SHARES):
        # Thirds of the circle, so that three neighbours meet every kind.
        turn = (number + at * 3) % len(KINDS)
        for kind in range(len(KINDS)) if every else [turn]:
            yield KINDS[kind], share, first + kind * len(SHARES) + at


def with_faults(options: dict[str, Any], weather: Weather) -> dict[str, Any]:
    """The sandbox's options with these faults on top: the share is of the calls that its own leave."""
    kind, share, seed = weather
    faults = dict(options.get("faults", {}))
    faults[kind] = faults.get(kind, 0) + share * (1 - sum(faults.values()))
    return {"stall_ms": STALL_MS, "drip_ms": DRIP_MS, **options, "faults": faults, "seed": seed}


def in_weather(scenario: Scenario, weather: Weather) -> Scenario:
    """The scenario as it is left in this weather."""
    kind, share, seed = weather
    left = scenario["end"].get("owed", 0)
    steps: list[dict[str, Any]] = []
    for step in scenario["steps"]:
        to_be_done = "drain" in step or ("expect" in step and step["expect"].get("status", "queued") != "queued")
        step = dict(step)
        if "expect" in step:
            step["expect"] = {}
        if "settings" in step:
            step["settings"] = {**step["settings"], "deadline": DEADLINE}
        if "sandbox" in step:
            step["sandbox"] = {route: told(route, body, weather) for route, body in step["sandbox"].items()}
        steps.append(step)
        if to_be_done:
            steps.append({"settle": {"owed": left}})
    steps.append({"settle": {"owed": left}})
    end = {name: value for name, value in scenario["end"].items() if name not in ("calls", "tokens")}
    if "user" in end:
        # `sets` is a number of calls too.
        end["user"] = [{name: user[name] for name in user if name != "sets"} for user in end["user"]]
    return {
        "name": f"SCENARIO={scenario['name']} SCENARIO_WEATHER={kind}:{share}:{seed}",
        "sandbox": told("reset", scenario.get("sandbox", {}), weather),
        "settings": {"bcrypt_cost": "4", **scenario.get("settings", {}), "deadline": DEADLINE},
        "steps": steps,
        "end": end,
    }


def told(route: str, body: dict[str, Any], weather: Weather) -> dict[str, Any]:
    """What the sandbox is told, with the weather where it would be forgotten otherwise."""
    if route == "reset":
        return {**body, "options": with_faults(body.get("options", {}), weather)}
    return with_faults(body, weather) if "faults" in body else body


def main() -> None:
    every = sys.argv[1:] == ["--all"]
    runs = [in_weather(scenario, weather) for number, scenario in scenarios() for weather in weathers(number, every)]
    if not runs:
        raise SystemExit("no scenario of that name is run in bad weather")
    json.dump(runs, sys.stdout)


if __name__ == "__main__":
    main()
