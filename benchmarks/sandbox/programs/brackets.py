PAIRS = {")": "(", "]": "[", "}": "{"}


def first_wrong(text: str) -> int:
    stack = []
    for i, char in enumerate(text):
        if char in "([{":
            stack.append((char, i))
        elif not stack or stack.pop()[0] != PAIRS[char]:
            return i + 1
    return stack[-1][1] + 1 if stack else 0


for _ in range(int(input())):
    at = first_wrong(input().strip())
    print(f"wrong at {at}" if at else "balanced")
