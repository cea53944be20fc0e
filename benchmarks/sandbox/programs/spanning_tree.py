import sys


class Sets:
    def __init__(self, n):
        self.parent = list(range(n))
        self.size = [1] * n

    def find(self, x):
        while self.parent[x] != x:
            self.parent[x] = self.parent[self.parent[x]]
            x = self.parent[x]
        return x

    def join(self, a, b):
        a, b = self.find(a), self.find(b)
        if a == b:
            return False
        if self.size[a] < self.size[b]:
            a, b = b, a
        self.parent[b] = a
        self.size[a] += self.size[b]
        return True


def main():
    lines = sys.stdin.read().split("\n")
    n, m = map(int, lines[0].split())
    edges = []
    for line in lines[1 : m + 1]:
        a, b, w = map(int, line.split())
        edges.append((w, a - 1, b - 1))
    edges.sort()
    sets = Sets(n)
    total = used = 0
    for w, a, b in edges:
        if sets.join(a, b):
            total += w
            used += 1
    print(total if used == n - 1 else "IMPOSSIBLE")


if __name__ == "__main__":
    main()
