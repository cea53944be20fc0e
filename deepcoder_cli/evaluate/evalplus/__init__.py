"""HumanEval+ and MBPP+: judged by EvalPlus's rules, in the sandbox, outputs compared outside it."""
