"""A local coding assistant: chat with DeepCoder, and have its programs judged in a sandbox.

The way of the data is the way through the code::

    problem -> prompt -> completion -> program -> verdict
    problems/  prompts.py  inference/   extract.py  sandbox/

Importing this package loads nothing heavy: llama.cpp and Textual are imported where used.
"""

__version__ = "0.1.0"
