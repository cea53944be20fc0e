"""Trains `nano`, the built-in demonstration model: `python -m finetune.nano`.

    recipe.py     every number of the run, full and smoke
    corpus.py     generated problems as token ids, prompt and completion apart
    model.py      the Qwen2 configuration and the optimisers
    train.py      the supervised loop: progress with ETA, checkpoints, resume
    score.py      pass@1 on held-out compositions, by the judge, through llama.cpp
    plot.py       the loss as a picture
    verify.py     reference solutions of generated problems, by the judge
    ship.py       HF folder -> GGUF and model card into the package

Supervised training only; GRPO+ comes in its own stage and replaces the model.
"""
