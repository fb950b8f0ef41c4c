"""Carries a Django project's users into Kinde: an app that only looks on and breaks no login.

The functions are for what Django tells nobody, such as `User.objects.create_user`. They raise nothing and
answer `None` where nothing was to be done or the settings are wrong; the log says which.
"""

from ._carry import achange_password, amigrate, change_password, migrate

__all__ = ["achange_password", "amigrate", "change_password", "migrate"]
