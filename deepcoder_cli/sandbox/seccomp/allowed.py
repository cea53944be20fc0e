"""What the strict and native filters allow, by name.

Found by tracing CPython 3.11 to 3.13, numpy and compiled C++ programs, and reading the C library
for the ways it takes on other versions and on aarch64. A name that an architecture lacks is
skipped there.
"""

from __future__ import annotations

from deepcoder_cli.sandbox.seccomp import bpf

# Allowed whatever the arguments.
_NAMES = """
read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 lseek close
dup dup2 dup3 pipe poll ppoll select pselect6
stat lstat fstat newfstatat statx access faccessat faccessat2 readlink readlinkat
getdents getdents64 getcwd chdir fchdir umask statfs fstatfs
munmap mprotect mremap brk msync
epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 eventfd eventfd2
timerfd_create timerfd_settime timerfd_gettime
shutdown getsockname getpeername getsockopt
rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigtimedwait rt_sigsuspend
sigaltstack restart_syscall pause alarm getitimer setitimer
nanosleep clock_nanosleep clock_gettime clock_getres gettimeofday time times
set_robust_list set_tid_address rseq sched_yield getcpu
sched_getaffinity sched_get_priority_max sched_get_priority_min
getpid gettid getppid getpgrp getpgid getsid getuid geteuid getgid getegid
getresuid getresgid getgroups getpriority getrlimit setrlimit getrusage
uname sysinfo getrandom wait4 waitid exit exit_group
"""
STRICT_NAMES = tuple(_NAMES.split())

# The dynamic loader of a compiled program, besides.
NATIVE_NAMES = ("arch_prctl",)

AF_UNIX, SOCK_STREAM, SOCK_TYPE_MASK = 1, 1, 0xF
MSG_OOB = 0x1  # of no use on unix sockets but to break into kernels (CVE-2025-38236)
O_RDWR, O_NOTIFICATION_PIPE = 0x2, 0x80
CLOSE_RANGE_UNSHARE = 0x2
# CLONE_VM FS FILES SIGHAND THREAD: all shared, so that the limits on descriptors hold.
SHARE_ALL = 0x00010F00
# ... and SYSVSEM SETTLS PARENT_SETTID CHILD_CLEARTID, and DETACHED as musl passes it.
THREAD_FLAGS = SHARE_ALL | 0x007C0000
MAP_SHARED_ANONYMOUS = 0x21
# SHARED PRIVATE FIXED ANONYMOUS 32BIT DENYWRITE EXECUTABLE NORESERVE POPULATE NONBLOCK STACK
# FIXED_NOREPLACE; not HUGETLB (the host's pool), LOCKED, DROPPABLE, GROWSDOWN.
MAP_FLAGS = 0x0013D873
# NORMAL RANDOM SEQUENTIAL WILLNEED DONTNEED FREE HUGEPAGE NOHUGEPAGE DONTDUMP DODUMP
# POPULATE_READ POPULATE_WRITE GUARD_INSTALL GUARD_REMOVE; not PAGEOUT (hides memory), MERGEABLE.
ADVICE = (0, 1, 2, 3, 4, 8, 14, 15, 16, 17, 22, 23, 102, 103)
# F_DUPFD GETFD SETFD GETFL SETFL DUPFD_CLOEXEC; no locks, leases, seals, pipe sizes, owners.
FCNTL = (0, 1, 2, 3, 4, 1030)
# TCGETS TCGETS2 TIOCGWINSZ FIONREAD FIONBIO FIONCLEX FIOCLEX
IOCTL = (0x5401, 0x802C542A, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
# PR_SET_NAME PR_GET_NAME PR_SET_VMA, and PR_SET_DUMPABLE to 1: else a program that was forked from
# a process closed to tracing cannot open its own /proc/self (/dev/stdin).
PRCTL, PR_SET_DUMPABLE = (15, 16, 0x53564D41), 4
LAST_STANDARD_FD = 2

_THREADS = bpf.argument(0) + bpf.refuse_beyond(THREAD_FLAGS) + bpf.masked(SHARE_ALL)
_STREAM = bpf.argument(1) + bpf.masked(SOCK_TYPE_MASK) + bpf.allow_only(SOCK_STREAM)
_STANDARD = bpf.argument(0) + bpf.op(bpf.JUMP_ABOVE, LAST_STANDARD_FD, 1, 0)
# WAIT WAKE REQUEUE CMP_REQUEUE WAKE_OP, and WAIT_BITSET WAKE_BITSET: none for priority inheritance.
_FUTEX = bpf.argument(1) + bpf.masked(0x7F) + bpf.allow_only(0, 1, 9, 10, 3, 4, 5)
_PRIVATE = bpf.masked(MAP_SHARED_ANONYMOUS) + bpf.refuse_if(MAP_SHARED_ANONYMOUS)
_DUMPABLE = bpf.argument(1) + bpf.allow_only(1)
_OPEN_TO_ITSELF = bpf.argument(0) + bpf.when(PR_SET_DUMPABLE, _DUMPABLE)

STRICT_CHECKS = {
    "clone": _THREADS + bpf.allow_only(SHARE_ALL),
    "mmap": bpf.argument(3) + bpf.refuse_beyond(MAP_FLAGS) + _PRIVATE + bpf.ALLOW,
    "madvise": bpf.argument(2) + bpf.allow_only(*ADVICE),
    "futex": _FUTEX,
    "open": bpf.argument(1) + bpf.refuse_if_any(O_RDWR) + bpf.ALLOW,
    "openat": bpf.argument(2) + bpf.refuse_if_any(O_RDWR) + bpf.ALLOW,
    "pipe2": bpf.argument(1) + bpf.refuse_if_any(O_NOTIFICATION_PIPE) + bpf.ALLOW,
    "close_range": bpf.argument(2) + bpf.refuse_if_any(CLOSE_RANGE_UNSHARE) + bpf.ALLOW,
    "fcntl": bpf.argument(1) + bpf.allow_only(*FCNTL),
    "ioctl": bpf.argument(1) + bpf.allow_only(*IOCTL),
    "prctl": _OPEN_TO_ITSELF + bpf.allow_only(*PRCTL),
    "prlimit64": bpf.argument(0) + bpf.allow_only(0),
    "sched_getparam": bpf.argument(0) + bpf.allow_only(0),
    "sched_getscheduler": bpf.argument(0) + bpf.allow_only(0),
    "sendto": bpf.argument(3) + bpf.refuse_if_any(MSG_OOB) + bpf.ALLOW,
    "recvfrom": bpf.argument(3) + bpf.refuse_if_any(MSG_OOB) + bpf.ALLOW,
    "socketpair": bpf.argument(0) + bpf.refuse_unless(AF_UNIX) + _STREAM,
    # Only of the program's own output: on a folder it would make the host write its journal.
    "fsync": _STANDARD + bpf.ALLOW + bpf.REFUSE,
    "fdatasync": _STANDARD + bpf.ALLOW + bpf.REFUSE,
}
