"""What the Django tests share: users whose rows have been there for years, and their sign-ins."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.test import Client

if TYPE_CHECKING:
    from sandbox import Sandbox

PASSWORD = "correct horse battery"
MODEL_BACKEND = "django.contrib.auth.backends.ModelBackend"
numbers = itertools.count(1)


def new_user() -> User:
    name = f"ada{next(numbers)}"
    user = User(
        username=name, email=f"{name}@example.org", first_name="Ada", password=make_password(PASSWORD)
    )
    user.save()
    return user


def sign_in(user: User, password: str = PASSWORD, page: str = "/login/") -> Client:
    client = Client()
    client.post(page, {"username": user.username, "password": password})
    return client


def signed_in(client: Client) -> str:
    return client.get("/").content.decode()


def calls(sandbox: Sandbox) -> int:
    return sum(sandbox.calls().values())
