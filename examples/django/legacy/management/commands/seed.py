"""`manage.py seed`: people who had accounts before anybody thought of Kinde."""

from argparse import ArgumentParser

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Makes legacy users user1 ... userN ('legacy password 1' ...), and tells nobody."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--users", type=int, default=3, help="how many (3)")

    def handle(self, *args: object, users: int, **options: object) -> None:
        model = get_user_model()
        for number in range(1, users + 1):
            name = f"user{number}"
            # As a row that has been there for years: written past the validators.
            model.objects.update_or_create(
                username=name,
                defaults={
                    "email": f"{name}@django.example",
                    "first_name": "User",
                    "last_name": str(number),
                    "password": make_password(f"legacy password {number}"),
                },
            )
            self.stdout.write(f"{name} {name}@django.example legacy password {number}")
