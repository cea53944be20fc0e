"""What runs inside the sandbox. Packed by the host and executed by the sandbox's interpreter.

Standard library only; nothing here knows an expected output.
"""
