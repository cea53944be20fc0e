"""The local engine: llama.cpp in a child process, spoken to in JSON lines.

Parent side (never imports llama_cpp): `backend`, `process`, `protocol`.
Worker side: `worker`, `engine`, `model`, `sequence`, `sampler`, `template`, `detokenizer`,
`native_log`, `threads`, `memory`.
"""
