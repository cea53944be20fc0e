"""Calls that the strict filter refuses, with arguments that harm nothing where it fails to."""

from __future__ import annotations

# A name and its arguments a line.
_TEXT = {
    "processes": """
fork
vfork
clone 17, 0, 0, 0, 0
execve b'/nowhere', None, None
execveat -1, b'', None, None, 0x1000
setsid
setpgid 0, 0
unshare 0
setns -1, 0
pidfd_open os.getpid(), 0
pidfd_getfd -1, 0, 0
pidfd_send_signal -1, 0, None, 0
ptrace 0, 0, 0, 0
process_vm_readv 1, None, 0, None, 0, 0
kcmp 1, 1, 0, 0, 0
process_vm_writev 1, None, 0, None, 0, 0
get_robust_list 1, None, None
rt_sigqueueinfo os.getpid(), 0, None
process_madvise -1, None, 0, 0, 0
""",
    "signals": """
kill -1, 0
kill 1, 0
kill 0, 0
kill os.getppid(), 0
kill -os.getpid(), 0
tkill os.getppid(), 0
tgkill os.getppid(), os.getppid(), 0
""",
    "limits of others": """
prlimit64 os.getppid(), 7, None, None
setpriority 0, 0, 0
sched_setaffinity 0, 8, b'\\xff' * 8
sched_setscheduler 0, 0, None
sched_setparam 0, None
sched_setattr 0, None, 0
ioprio_set 1, 0, 0
sched_getparam os.getppid(), None
""",
    "network": """
socket 1, 1, 0
socket 2, 1, 0
socket 10, 2, 0
socket 16, 3, 0
socket 40, 1, 0
socketpair 1, 2, 0, None
socketpair 1, 5, 0, None
socketpair 30, 1, 0, None
bind -1, None, 0
connect -1, None, 0
listen -1, 0
accept -1, None, None
sendmsg -1, None, 0
recvmsg -1, None, 0
setsockopt -1, 1, 7, None, 0
sendmmsg -1, None, 0, 0
sendto -1, None, 0, 1, None, 0
recvfrom -1, None, 0, 1, None, None
""",
    "memory nobody counts": """
memfd_create b'x', 0
memfd_secret 0
shmget 0, 4096, 0o1600
semget 0, 1, 0o1600
msgget 0, 0o1600
mq_open b'x', 0, 0, None
mmap None, 4096, 3, 0x21, -1, 0
mmap None, 4096, 3, 0x23, -1, 0
mmap None, 4096, 3, 0x40022, -1, 0
mlock None, 0
mlockall 0
madvise None, 0, 12
madvise None, 0, 21
vmsplice -1, None, 0, 0
splice -1, None, -1, None, 0, 0
tee -1, -1, 0, 0
fallocate 1, 0, 0, 0
ftruncate 1, 0
inotify_init1 0
fanotify_init 0, 0
io_setup 0, None
timer_create 0, None, None
remap_file_pages None, 0, 0, 0, 0
signalfd4 -1, None, 8, 0
fcntl 1, 1031, 4096
close_range 900, 901, 2
pipe2 None, 0x80
""",
    "kernel doors": """
io_uring_setup 1, None
io_uring_enter -1, 0, 0, 0, None, 0
bpf 0, None, 0
perf_event_open None, 0, -1, -1, 0
userfaultfd 1
keyctl 0, -3, 0
add_key None, None, None, 0, 0
request_key None, None, None, 0
seccomp 1, 0, None
landlock_create_ruleset None, 0, 1
personality 0xFFFFFFFF
clock_settime 0, None
settimeofday None, None
clock_adjtime 0, None
adjtimex None
name_to_handle_at -1, b'', None, None, 0
open_by_handle_at -1, None, 0
membarrier 0, 0, 0
syslog 10, None, 0
prctl 22, 2, None, 0, 0
prctl 4, 0, 0, 0, 0
prctl 1, 9, 0, 0, 0
prctl 36, 1, 0, 0, 0
ioctl 0, 0x5412, b'x'
ioctl 0, 0x541C, b'x'
ioctl 0, 0x5423, None
futex None, 6, 0, None, None, 0
""",
    "files": """
mkdirat -1, b'x', 0
unlinkat -1, b'x', 0
symlinkat b'x', -1, b'x'
linkat -1, b'x', -1, b'y', 0
renameat2 -1, b'x', -1, b'y', 0
fchmodat -1, b'x', 0
fchownat -1, b'x', 0, 0, 0
mknodat -1, b'x', 0, 0
utimensat -1, b'x', None, 0
fsetxattr -1, b'user.x', b'', 0, 0
setxattr None, None, None, 0, 0
flock 1, 8
fcntl 1, 6, None
fcntl 1, 37, None
fcntl 1, 1024, 0
fcntl 1, 8, 1
fcntl 1, 1033, 0
openat -100, b'/dev/null', 2, 0
fsync 3
mount None, None, None, 0, None
umount2 None, 0
chroot None
pivot_root None, None
copy_file_range -1, None, -1, None, 0, 0
sendfile -1, -1, None, 0
setuid os.getuid()
setgroups 0, None
capset None, None
fchmod 1, 0o600
""",
}


def _calls(text: str) -> list[tuple[str, str]]:
    """The name of each call and a Python expression that makes it and yields what it answers."""
    lines = (line.partition(" ") for line in text.split("\n") if line)
    return [(name, f"call({name!r}, {arguments})") for name, _, arguments in lines]


FORBIDDEN = {group: _calls(text) for group, text in _TEXT.items()}
