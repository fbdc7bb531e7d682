"""The caches of compiled programs, which race, sweep and search share, and all processes of a user.

JAX keeps what it compiles, under digests of the traced programs. Whole tasks are kept beside it, so that a second study
need not trace them either.
"""

from __future__ import annotations

import hashlib
import os

VARIABLE = "GRADLAB_PROGRAM_CACHE"  # "off" turns it off
MOST_BYTES = 2**29  # beyond it, JAX removes the programs that were not used for the longest time


def use_program_cache() -> None:
    """Keep compiled programs in the user's cache, and take them from there, if nobody has said otherwise.

    Each kind of processor has a folder of its own, because programs are compiled for the one at hand. JAX's keys hold
    all else: the program, the options, and the versions. With a limit of its size JAX locks the cache, so that several
    processes can use it at a time.
    """
    import jax

    from gradlab._compat import backend_has_started, read_settings

    from ...compilation.user_cache import describe_machine, find_cache_folder
    from ...lab._storage.program_store import keep_programs

    is_off = os.environ.get(VARIABLE, "").lower() in ("off", "0", "false")
    if is_off or read_settings()["jax_compilation_cache_dir"] is not None or backend_has_started():
        return
    machine = hashlib.sha256(describe_machine().encode()).hexdigest()[:16]
    folder, of_tasks = (find_cache_folder() / name / machine for name in ("programs", "task_programs"))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        of_tasks.mkdir(exist_ok=True, parents=True)
    except OSError:
        return
    if not (os.access(folder, os.W_OK) and os.access(of_tasks, os.W_OK)):
        return
    keep_programs(of_tasks)
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_compilation_cache_max_size", MOST_BYTES)
    # Programs of a race compile in a tenth of a second to two seconds, and there are a hundred of them.
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
