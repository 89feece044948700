"""Python's collector of cycles, which stops everything while it looks through all that there is."""

import gc


def pass_over() -> None:
    """Let it pass over what is there by now, and stays: modules, an index.

    A full collection held calls up for a tenth of a second, and pages for two once a directory of thousands is there;
    what a running gateway makes and drops is a small part of what it would visit. What is let go of is freed as before.
    """
    gc.collect()
    gc.freeze()
