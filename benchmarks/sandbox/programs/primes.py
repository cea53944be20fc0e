def main():
    limit = int(input())
    composite = bytearray(limit + 1)
    primes = []
    for number in range(2, limit + 1):
        if not composite[number]:
            primes.append(number)
            for multiple in range(number * number, limit + 1, number):
                composite[multiple] = 1
    twins = sum(b - a == 2 for a, b in zip(primes, primes[1:]))
    print(len(primes), twins, sum(primes) % 1_000_000_007)


main()
