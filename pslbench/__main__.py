import gc
import sys

from pslbench.cli import main as run_command_line


def main() -> int:
    """Run the command line and return its exit status."""
    status = run_command_line()
    gc.freeze()  # the process ends, so the interpreter need not look for garbage, which takes longer than some commands
    return status


if __name__ == "__main__":
    sys.exit(main())
