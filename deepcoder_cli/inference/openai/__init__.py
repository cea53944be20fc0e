"""Models behind an OpenAI Chat Completions server: vLLM, TGI, SGLang, llama-server, Ollama, ..."""
