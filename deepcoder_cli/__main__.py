"""`python -m deepcoder_cli`: the same as `deepcoder`."""

from __future__ import annotations

from deepcoder_cli.start import main

if __name__ == "__main__":
    main()
