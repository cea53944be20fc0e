"""What the general filter denies, by name: the rest is allowed."""

from __future__ import annotations

from deepcoder_cli.sandbox.seccomp import bpf

# Whatever the arguments.
_NAMES = """
io_uring_setup io_uring_enter io_uring_register io_setup io_submit io_destroy io_getevents
io_cancel io_pgetevents
bpf perf_event_open userfaultfd keyctl add_key request_key seccomp
landlock_create_ruleset landlock_add_rule landlock_restrict_self
unshare setns mount umount2 pivot_root chroot mount_setattr open_tree open_tree_attr move_mount
fsopen fsconfig fsmount fspick
ptrace process_vm_readv process_vm_writev process_madvise process_mrelease kcmp pidfd_getfd
migrate_pages move_pages get_robust_list
memfd_create memfd_secret shmget shmat shmctl shmdt semget semctl semop semtimedop
msgget msgsnd msgrcv msgctl mq_open mq_unlink mq_timedsend mq_timedreceive mq_notify
mq_getsetattr
vmsplice splice tee remap_file_pages
inotify_init inotify_init1 fanotify_init fanotify_mark
name_to_handle_at open_by_handle_at lookup_dcookie
clock_settime clock_adjtime adjtimex settimeofday
quotactl quotactl_fd swapon swapoff reboot kexec_load kexec_file_load
init_module finit_module delete_module create_module query_module get_kernel_syms
syslog acct iopl ioperm modify_ldt vhangup nfsservctl uselib ustat sysfs _sysctl
sethostname setdomainname ioprio_set sync
"""
GENERAL_NAMES = tuple(_NAMES.split())
# The C library takes another way when told that these do not exist.
GENERAL_ABSENT = ("clone3",)
# Said to be done and not done, for `cp -p` and copy2 to work: anyone may set the times of a node
# that anyone may write to, and /dev/null inside is the host's own.
GENERAL_PRETENDED = ("utime", "utimes", "futimesat", "utimensat")

AF_UNIX, MSG_OOB = 1, 1
SOL_SOCKET = 1
# Sizes of buffers (SNDBUF RCVBUF SNDBUFFORCE RCVBUFFORCE), and programs for the kernel
# (ATTACH_FILTER ATTACH_BPF ATTACH_REUSEPORT_CBPF ATTACH_REUSEPORT_EBPF).
SOCKET_OPTIONS = (7, 8, 32, 33, 26, 50, 51, 52)
# NEWNS NEWCGROUP NEWUTS NEWIPC NEWUSER NEWPID NEWNET
NEW_NAMESPACES = 0x7E020000
TIOCSTI, TIOCLINUX, TIOCSETD, TIOCCONS = 0x5412, 0x541C, 0x5423, 0x541D
F_SETPIPE_SZ = 1031
PR_SET_SECCOMP, PR_SET_MM = 22, 35
MAP_SHARED_ANONYMOUS, MAP_HUGETLB = 0x21, 0x40000
MADV_MERGEABLE, MADV_PAGEOUT = 12, 21
PER_LINUX, PER_QUERY = 0, 0xFFFFFFFF
PRIO_PROCESS = 0

_ITSELF = bpf.argument(0) + bpf.allow_only(0)
_UNIX = bpf.argument(0) + bpf.allow_only(AF_UNIX)
_OPTIONS = bpf.argument(2) + bpf.refuse_only(*SOCKET_OPTIONS)
_SHARED = bpf.masked(MAP_SHARED_ANONYMOUS) + bpf.refuse_only(MAP_SHARED_ANONYMOUS)
_OWN_PRIORITY = bpf.argument(0) + bpf.refuse_unless(PRIO_PROCESS)

GENERAL_CHECKS = {
    "clone": bpf.argument(0) + bpf.refuse_if_any(NEW_NAMESPACES) + bpf.ALLOW,
    "socket": _UNIX,
    "socketpair": _UNIX,
    "setsockopt": bpf.argument(1) + bpf.when(SOL_SOCKET, _OPTIONS) + bpf.ALLOW,
    "sendto": bpf.argument(3) + bpf.refuse_if_any(MSG_OOB) + bpf.ALLOW,
    "sendmsg": bpf.argument(2) + bpf.refuse_if_any(MSG_OOB) + bpf.ALLOW,
    "sendmmsg": bpf.argument(3) + bpf.refuse_if_any(MSG_OOB) + bpf.ALLOW,
    "mmap": bpf.argument(3) + bpf.refuse_if_any(MAP_HUGETLB) + _SHARED,
    "madvise": bpf.argument(2) + bpf.refuse_only(MADV_MERGEABLE, MADV_PAGEOUT),
    "fcntl": bpf.argument(1) + bpf.refuse_only(F_SETPIPE_SZ),
    "ioctl": bpf.argument(1) + bpf.refuse_only(TIOCSTI, TIOCLINUX, TIOCSETD, TIOCCONS),
    "prctl": bpf.argument(0) + bpf.refuse_only(PR_SET_SECCOMP, PR_SET_MM),
    "personality": bpf.argument(0) + bpf.allow_only(PER_LINUX, PER_QUERY),
    # The other process could be PID 1, which keeps the limits.
    "prlimit64": _ITSELF,
    "sched_setparam": _ITSELF,
    "sched_setscheduler": _ITSELF,
    "sched_setaffinity": _ITSELF,
    "sched_setattr": _ITSELF,
    "setpriority": _OWN_PRIORITY + bpf.argument(1) + bpf.allow_only(0),
}
