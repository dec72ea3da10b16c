"""The errors that end a command with one line, and the exit codes that scripts rely on."""

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_MISSING_PART = 3


class VifluxError(Exception):
    """Something that a person has to act on: the message says what, where and what to do.

    The command frame prints the message on one line to stderr and exits with `exit_code`; there is no traceback.
    """

    exit_code = EXIT_FAILED


class UsageError(VifluxError):
    """A setting, a flag or an argument is wrong."""

    exit_code = EXIT_USAGE


class MissingPartError(VifluxError):
    """A real part (a capability, a kernel feature, a program) is not on this machine."""

    exit_code = EXIT_MISSING_PART
