"""The system calls that a judged program may make: an allow-list for seccomp-BPF, without any library.

Everything else fails with EPERM: processes, programs, sockets to anywhere, signals to others, tracing, mounts, keys,
shared memory, files changed in any way. An unknown machine has no list and gets no sandbox.

Two filters, of which the stricter answer holds: the outer, long, once for the zygote, with the few calls that it
needs to make and confine a child; the inner, short, for each child, takes those away."""

from __future__ import annotations

import ctypes
import errno
import platform
import struct

_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}

# Name: number on x86_64 and on aarch64, None where there is none.
_ALLOWED: dict[str, tuple[int | None, int | None]] = {
    # Reading what the file system rules allow; no call that creates, changes or names a file.
    "read": (0, 63),
    "write": (1, 64),
    "readv": (19, 65),
    "writev": (20, 66),
    "pread64": (17, 67),
    "pwrite64": (18, 68),
    "close": (3, 57),
    "close_range": (436, 436),
    "lseek": (8, 62),
    "open": (2, None),
    "openat": (257, 56),
    "stat": (4, None),
    "fstat": (5, 80),
    "lstat": (6, None),
    "newfstatat": (262, 79),
    "statx": (332, 291),
    "access": (21, None),
    "faccessat": (269, 48),
    "faccessat2": (439, 439),
    "readlink": (89, None),
    "readlinkat": (267, 78),
    "getcwd": (79, 17),
    "chdir": (80, 49),
    "getdents": (78, None),
    "getdents64": (217, 61),
    "statfs": (137, 43),
    "fstatfs": (138, 44),
    "dup": (32, 23),
    "dup2": (33, None),
    "dup3": (292, 24),
    # Memory, all of it counted by RLIMIT_AS.
    "mmap": (9, 222),
    "munmap": (11, 215),
    "mprotect": (10, 226),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "brk": (12, 214),
    "mincore": (27, 232),
    # Waiting, and pipes to oneself.
    "pipe": (22, None),
    "pipe2": (293, 59),
    "poll": (7, None),
    "ppoll": (271, 73),
    "select": (23, None),
    "pselect6": (270, 72),
    "epoll_create": (213, None),
    "epoll_create1": (291, 20),
    "epoll_ctl": (233, 21),
    "epoll_wait": (232, None),
    "epoll_pwait": (281, 22),
    "eventfd": (284, None),
    "eventfd2": (290, 19),
    "recvfrom": (45, 207),
    "shutdown": (48, 210),
    "getsockopt": (55, 209),
    "getsockname": (51, 204),
    # Signals within the process, threads, scheduling.
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "rt_sigpending": (127, 136),
    "rt_sigtimedwait": (128, 137),
    "rt_sigsuspend": (130, 133),
    "sigaltstack": (131, 132),
    "pause": (34, None),
    "futex": (202, 98),
    "set_robust_list": (273, 99),
    "set_tid_address": (218, 96),
    "rseq": (334, 293),
    "membarrier": (324, 283),
    "sched_yield": (24, 124),
    "sched_getaffinity": (204, 123),
    "sched_getparam": (143, 121),
    "sched_getscheduler": (145, 120),
    "sched_get_priority_max": (146, 125),
    "sched_get_priority_min": (147, 126),
    "arch_prctl": (158, None),
    "wait4": (61, 260),
    "waitid": (247, 95),
    "exit": (60, 93),
    "exit_group": (231, 94),
    "restart_syscall": (219, 128),
    # Identity, time and limits.
    "getpid": (39, 172),
    "getppid": (110, 173),
    "gettid": (186, 178),
    "getuid": (102, 174),
    "geteuid": (107, 175),
    "getgid": (104, 176),
    "getegid": (108, 177),
    "getgroups": (115, 158),
    "getresuid": (118, 148),
    "getresgid": (120, 150),
    "getpgid": (121, 155),
    "getpgrp": (111, None),
    "getsid": (124, 156),
    "umask": (95, 166),
    "uname": (63, 160),
    "sysinfo": (99, 179),
    "getrandom": (318, 278),
    "getcpu": (309, 168),
    "getpriority": (140, 141),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "clock_nanosleep": (230, 115),
    "nanosleep": (35, 101),
    "gettimeofday": (96, 169),
    "time": (201, None),
    "times": (100, 153),
    "getrusage": (98, 165),
    "getrlimit": (97, 163),
    "setrlimit": (160, 164),
    "setitimer": (38, 103),
    "getitimer": (36, 102),
    "alarm": (37, None),
}
# Allowed for some arguments only.
_GUARDED: dict[str, tuple[int, int]] = {
    "ioctl": (16, 29),
    "fcntl": (72, 25),
    "socketpair": (53, 199),
    "sendto": (44, 206),
}
# What only the zygote may do: confine a child, watch it, take in the judge's channels.
_ZYGOTE: dict[str, tuple[int, int]] = {
    "prctl": (157, 167),
    "pidfd_open": (434, 434),
    "recvmsg": (47, 212),
}
# What a child may do to itself only.
_OWN: dict[str, tuple[int, int]] = {
    "clone": (56, 220),
    "kill": (62, 129),
    "tgkill": (234, 131),
    "prlimit64": (302, 261),
}
# The C library falls back on an older call where these do not exist.
_ABSENT = (435, 437)  # clone3, openat2

_libc = ctypes.CDLL(None, use_errno=True)
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_LOAD, _EQUAL, _ABOVE, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x25, 0x35, 0x45, 0x06
_NUMBER, _ARCH, _X32 = 0, 4, 0x40000000
_CLONE_THREAD, _AF_UNIX = 0x00010000, 1
_PID = 0x7B7C7D7E  # Stands for the child's pid until there is one.
_IOCTLS = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)  # TCGETS TIOCGWINSZ FIONREAD FIONBIO FIONCLEX FIOCLEX
_FCNTLS = (0, 1, 2, 3, 4, 1030, 1032)  # F_DUPFD F_GETFD F_SETFD F_GETFL F_SETFL F_DUPFD_CLOEXEC F_GETPIPE_SZ


def is_known() -> bool:
    """Whether there is a list for this machine."""
    return platform.machine() in _MACHINES


def install_outer() -> None:
    """The first filter: for the calling process and all its children. Needs no_new_privs. Raises OSError."""
    column, arch = _MACHINES[platform.machine()]
    code = [(_LOAD, 0, 0, _ARCH), (_EQUAL, 1, 0, arch), (_RETURN, 0, 0, _KILL), (_LOAD, 0, 0, _NUMBER)]
    if column == 0:
        code += [(_AT_LEAST, 0, 1, _X32), (_RETURN, 0, 0, _KILL)]
    free = [*_ALLOWED.values(), *_ZYGOTE.values(), *_OWN.values()]
    for low, high in _ranges(sorted(n for pair in free if (n := pair[column]) is not None)):
        code += [(_AT_LEAST, 0, 2, low), (_ABOVE, 1, 0, high), (_RETURN, 0, 0, _ALLOW)]
    code += _guard(_GUARDED["ioctl"][column], 1, [(_EQUAL, command) for command in _IOCTLS])
    # F_SETOWN and F_SETSIG would send any signal to any process of the user's.
    code += _guard(_GUARDED["fcntl"][column], 1, [(_EQUAL, command) for command in _FCNTLS])
    code += _guard(_GUARDED["socketpair"][column], 0, [(_EQUAL, _AF_UNIX)])
    # An address would reach any Unix socket that lies in the file system.
    code += _guard_null(_GUARDED["sendto"][column], 4)
    for number in _ABSENT:
        code += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ERRNO | errno.ENOSYS)]
    _Filter(_assemble([*code, (_RETURN, 0, 0, _ERRNO | errno.EPERM)])).install()


class Inner:
    """The second filter, made ready before the fork: in the child all that is left is to write its pid and one call.

    Threads but no children; its own signals and limits; no more of what only the zygote may do."""

    def __init__(self) -> None:
        column, _ = _MACHINES[platform.machine()]
        code = [(_LOAD, 0, 0, _NUMBER)]
        for pair in _ZYGOTE.values():
            code += [(_EQUAL, 0, 1, pair[column]), (_RETURN, 0, 0, _ERRNO | errno.EPERM)]
        code += _guard(_OWN["clone"][column], 0, [(_ANY_BIT, _CLONE_THREAD)])
        code += _guard(_OWN["kill"][column], 0, [(_EQUAL, _PID)])
        code += _guard(_OWN["tgkill"][column], 0, [(_EQUAL, _PID)])
        code += _guard(_OWN["prlimit64"][column], 0, [(_EQUAL, 0), (_EQUAL, _PID)])
        code += [(_RETURN, 0, 0, _ALLOW)]
        self._filter = _Filter(_assemble(code))
        self._places = [8 * i + 4 for i, line in enumerate(code) if line[3] == _PID]

    def install(self, pid: int) -> None:
        """For the calling process, which is `pid`. Raises OSError."""
        for place in self._places:
            struct.pack_into("I", self._filter.code, place, pid)
        self._filter.install()


_Line = tuple[int, int, int, int]


def _guard(number: int, argument: int, tests: list[tuple[int, int]]) -> list[_Line]:
    """Lines that allow a call where its argument (the low 32 bits, all that the kernel reads) passes a test."""
    code = [(_EQUAL, 0, 2 + 2 * len(tests), number), (_LOAD, 0, 0, 16 + 8 * argument)]
    for test, value in tests:
        code += [(test, 0, 1, value), (_RETURN, 0, 0, _ALLOW)]
    return [*code, (_RETURN, 0, 0, _ERRNO | errno.EPERM)]


def _guard_null(number: int, argument: int) -> list[_Line]:
    """Lines that allow a call where its argument is a null pointer."""
    low, high = 16 + 8 * argument, 20 + 8 * argument
    code = [(_EQUAL, 0, 6, number), (_LOAD, 0, 0, low), (_EQUAL, 0, 3, 0), (_LOAD, 0, 0, high), (_EQUAL, 0, 1, 0)]
    return [*code, (_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _ERRNO | errno.EPERM)]


def _assemble(code: list[_Line]) -> bytes:
    return b"".join(struct.pack("HBBI", *line) for line in code)


class _Filter:
    def __init__(self, code: bytes) -> None:
        self.code = ctypes.create_string_buffer(code, len(code))
        self._header = struct.pack("HP", len(code) // 8, ctypes.addressof(self.code))

    def install(self) -> None:
        if _libc.prctl(22, 2, self._header, 0, 0) != 0:  # PR_SET_SECCOMP, SECCOMP_MODE_FILTER
            raise OSError(ctypes.get_errno(), "seccomp filter refused")


def _ranges(numbers: list[int]) -> list[list[int]]:
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ranges
