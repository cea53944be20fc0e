#include <cstdio>
#include <functional>
#include <queue>
#include <utility>
#include <vector>

int main() {
    int n, m, start;
    if (std::scanf("%d %d %d", &n, &m, &start) != 3) return 1;
    std::vector<std::vector<std::pair<int, long long>>> around(n + 1);
    for (int i = 0; i < m; ++i) {
        int a, b;
        long long w;
        if (std::scanf("%d %d %lld", &a, &b, &w) != 3) return 1;
        around[a].push_back({b, w});
        around[b].push_back({a, w});
    }
    std::vector<long long> dist(n + 1, -1);
    using Item = std::pair<long long, int>;
    std::priority_queue<Item, std::vector<Item>, std::greater<Item>> heap;
    heap.push({0, start});
    while (!heap.empty()) {
        auto [d, node] = heap.top();
        heap.pop();
        if (dist[node] >= 0) continue;
        dist[node] = d;
        for (auto [other, w] : around[node])
            if (dist[other] < 0) heap.push({d + w, other});
    }
    for (int i = 1; i <= n; ++i) std::printf("%lld%c", dist[i], i < n ? ' ' : '\n');
}
