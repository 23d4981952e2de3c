"""What the errors of several libraries have in common."""

from pslbench import InputError


def cannot_load(what: str, error: BaseException, remedy: str) -> InputError:
    """Return an error of one line: what cannot be loaded, the reason that the library gives, and what to do."""
    reason = " ".join(str(error).split()) or type(error).__name__
    return InputError(f"{what} cannot be loaded ({reason.removesuffix('.')}); {remedy}")
