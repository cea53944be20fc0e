import heapq
import sys
from collections import defaultdict

input = sys.stdin.readline


def shortest(n, edges, start):
    around = defaultdict(list)
    for a, b, w in edges:
        around[a].append((b, w))
        around[b].append((a, w))
    far = float("inf")
    dist = [far] * (n + 1)
    dist[start] = 0
    heap = [(0, start)]
    while heap:
        d, node = heapq.heappop(heap)
        if d > dist[node]:
            continue
        for other, w in around[node]:
            if d + w < dist[other]:
                dist[other] = d + w
                heapq.heappush(heap, (d + w, other))
    return [-1 if d == far else d for d in dist[1:]]


def main():
    n, m, start = map(int, input().split())
    edges = [tuple(map(int, input().split())) for _ in range(m)]
    print(*shortest(n, edges, start))


main()
