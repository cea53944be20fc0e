"""Benchmarks of the sandbox against its peers, in one interleaved run.

    python -m benchmarks.sandbox            # about ten minutes on two cores
    python -m benchmarks.sandbox --quick    # two, with wider intervals

Not covered: other machines than the one at hand, GPUs, and programs that use gigabytes.
"""
