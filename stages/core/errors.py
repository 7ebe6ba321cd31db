"""The one class of errors that are meant for people."""


class EarwitnessError(Exception):
    """Something a person can put right.

    The message is one line: what is wrong, where (file, row, column or key), and what to do.
    A stage that raises it exits with status 2 and leaves its outputs as they were.
    """
