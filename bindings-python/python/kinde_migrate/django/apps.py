"""The app."""

from django.apps import AppConfig


class KindeMigrateConfig(AppConfig):
    name = "kinde_migrate.django"
    label = "kinde_migrate"
    verbose_name = "Kinde migration"

    def ready(self) -> None:
        from django.contrib.auth.signals import user_logged_in, user_login_failed
        from django.core import checks
        from django.core.signals import setting_changed

        from . import _conf, _observe, _typed
        from .checks import check

        _observe.settle()
        user_logged_in.connect(_typed.logged_in, dispatch_uid="kinde_migrate")
        user_login_failed.connect(_typed.forget, dispatch_uid="kinde_migrate")
        setting_changed.connect(_conf.reload, dispatch_uid="kinde_migrate")
        setting_changed.connect(_observe.settle, dispatch_uid="kinde_migrate_backends")
        checks.register(check)
