import sys
from itertools import accumulate


def main():
    data = list(map(int, sys.stdin.buffer.read().split()))
    n, q = data[0], data[1]
    sums = [0, *accumulate(data[2 : 2 + n])]
    out = []
    for i in range(2 + n, 2 + n + 2 * q, 2):
        left, right = data[i], data[i + 1]
        out.append(sums[right] - sums[left - 1])
    print("\n".join(map(str, out)))


main()
