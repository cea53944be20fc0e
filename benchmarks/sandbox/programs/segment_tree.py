import sys


class Tree:
    """Range minimum with range addition."""

    def __init__(self, values):
        self.n = len(values)
        self.least = [0] * (4 * self.n)
        self.added = [0] * (4 * self.n)
        self.build(1, 0, self.n - 1, values)

    def build(self, node, low, high, values):
        if low == high:
            self.least[node] = values[low]
            return
        middle = (low + high) // 2
        self.build(2 * node, low, middle, values)
        self.build(2 * node + 1, middle + 1, high, values)
        self.least[node] = min(self.least[2 * node], self.least[2 * node + 1])

    def add(self, left, right, value, node=1, low=0, high=None):
        if high is None:
            high = self.n - 1
        if right < low or high < left:
            return
        if left <= low and high <= right:
            self.least[node] += value
            self.added[node] += value
            return
        middle = (low + high) // 2
        self.add(left, right, value, 2 * node, low, middle)
        self.add(left, right, value, 2 * node + 1, middle + 1, high)
        below = min(self.least[2 * node], self.least[2 * node + 1])
        self.least[node] = below + self.added[node]

    def minimum(self, left, right, node=1, low=0, high=None):
        if high is None:
            high = self.n - 1
        if right < low or high < left:
            return 10**18
        if left <= low and high <= right:
            return self.least[node]
        middle = (low + high) // 2
        below = min(
            self.minimum(left, right, 2 * node, low, middle),
            self.minimum(left, right, 2 * node + 1, middle + 1, high),
        )
        return below + self.added[node]


def main():
    read = sys.stdin.readline
    n, q = map(int, read().split())
    tree = Tree(list(map(int, read().split())))
    out = []
    for _ in range(q):
        parts = read().split()
        left, right = int(parts[1]) - 1, int(parts[2]) - 1
        if parts[0] == "add":
            tree.add(left, right, int(parts[3]))
        else:
            out.append(tree.minimum(left, right))
    sys.stdout.write("\n".join(map(str, out)) + "\n")


main()
