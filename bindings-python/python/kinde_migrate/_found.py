"""Looks for the native half before anything else does, and says what to do where it cannot be loaded."""

try:
    from . import _native as _native
except ImportError as error:
    # One that the native half raises itself, in a second interpreter say, has neither and speaks for itself.
    if not isinstance(error, ModuleNotFoundError) and error.path is None:
        raise
    import platform

    message = (
        f"kinde_migrate cannot load its native half on {platform.system()} {platform.machine()} with "
        f"{platform.python_implementation()} {platform.python_version()}: {error}. Install it again on this "
        "machine (`pip install --force-reinstall kinde-migrate`): a copy of site-packages that comes from "
        "another system, processor or Python does not load, and neither does a folder of its sources"
    )
    raise ImportError(message, name=error.name, path=error.path) from error
