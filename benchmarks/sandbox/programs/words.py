import sys
from collections import Counter

counts = Counter(word.lower() for line in sys.stdin for word in line.split())
for word, times in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:10]:
    print(word, times)
