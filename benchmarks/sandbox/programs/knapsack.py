def main():
    n, capacity = map(int, input().split())
    best = [0] * (capacity + 1)
    for _ in range(n):
        weight, value = map(int, input().split())
        for room in range(capacity, weight - 1, -1):
            with_it = best[room - weight] + value
            if with_it > best[room]:
                best[room] = with_it
    print(best[capacity])


if __name__ == "__main__":
    main()
