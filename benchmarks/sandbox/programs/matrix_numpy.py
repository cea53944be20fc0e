import sys

import numpy as np


def main():
    data = np.array(sys.stdin.read().split(), dtype=np.int64)
    n, power = int(data[0]), int(data[1])
    base = data[2:].reshape(n, n)
    result = np.eye(n, dtype=np.int64)
    while power:
        if power & 1:
            result = result @ base % 998244353
        base = base @ base % 998244353
        power >>= 1
    for row in result:
        print(*row)


main()
