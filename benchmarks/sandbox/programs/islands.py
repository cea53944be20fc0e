import sys
from collections import deque


def main():
    rows, columns = map(int, sys.stdin.readline().split())
    grid = [list(sys.stdin.readline().strip()) for _ in range(rows)]
    sizes = []
    for r in range(rows):
        for c in range(columns):
            if grid[r][c] != "#":
                continue
            grid[r][c] = "."
            size = 0
            queue = deque([(r, c)])
            while queue:
                y, x = queue.popleft()
                size += 1
                for dy, dx in ((0, 1), (1, 0), (0, -1), (-1, 0)):
                    v, u = y + dy, x + dx
                    if 0 <= v < rows and 0 <= u < columns and grid[v][u] == "#":
                        grid[v][u] = "."
                        queue.append((v, u))
            sizes.append(size)
    print(len(sizes), max(sizes, default=0))


main()
