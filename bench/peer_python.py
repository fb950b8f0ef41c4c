"""New users by kinde-python-sdk, the same three calls by hand: python peer_python.py URL USERS"""

from __future__ import annotations

import json
import sys
import time
import urllib.parse
import urllib.request

from kinde_sdk.management import ManagementClient
from kinde_sdk.management.models.create_user_request import CreateUserRequest
from kinde_sdk.management.models.set_user_password_request import SetUserPasswordRequest

HASH = "$2b$10$UCWiQRKQNXYJLgt.0Wo6JeHWSx.g3Ni.qWTzBP/u/2hTSxTEaU8ue"


def token(url: str) -> dict[str, object]:
    """The SDK asks for `https://` only; its own calls are what is measured."""
    form = {
        "grant_type": "client_credentials",
        "client_id": "sandbox-client",
        "client_secret": "sandbox-secret",
        "audience": f"{url}/api",
    }
    with urllib.request.urlopen(f"{url}/oauth2/token", urllib.parse.urlencode(form).encode()) as answer:
        return dict(json.load(answer))


def main(url: str, users: str) -> None:
    client = ManagementClient(url.removeprefix("http://"), "sandbox-client", "sandbox-secret")
    client.configuration.host = url
    client.token_manager.set_tokens(token(url))
    api = client.users_api

    def carry(n: int) -> None:
        email = f"user-{n}@example.org"
        if api.get_users(email=email).users:
            raise SystemExit("the user is there already")
        request = {
            "profile": {"given_name": "Ada", "family_name": "Lovelace"},
            "provided_id": f"user-{n}",
            "identities": [{"type": "email", "is_verified": True, "details": {"email": email}}],
        }
        made = api.create_user(create_user_request=CreateUserRequest.from_dict(request))
        password = {"hashed_password": HASH, "hashing_method": "bcrypt"}
        api.set_user_password(made.id, SetUserPasswordRequest.from_dict(password))

    for n in range(10):
        carry(n)
    us = []
    cpu = time.process_time_ns()
    for n in range(10, 10 + int(users)):
        began = time.perf_counter_ns()
        carry(n)
        us.append(round((time.perf_counter_ns() - began) / 1000, 1))
    cpu = time.process_time_ns() - cpu
    print(json.dumps({"name": "kinde-python-sdk", "new": {"us": us, "cpu_us": cpu / 1000 / len(us), "calls": 3}}))


if __name__ == "__main__":
    main(*sys.argv[1:])
