"""The cage that a runner goes into, built from what the kernel offers without a daemon and without root.

Linux: a user, mount, process, network, IPC and host-name namespace; a file system of its own that holds Python, its libraries and an
empty scratch folder; Landlock on top, in case the namespaces are not to be had; a list of allowed system calls (seccomp) without
any that makes a process, a socket, a mount or a trace, and, where the file system is not its own, without those that change a file
by its path; resource limits; no privileges and none to gain. Root's code runs as nobody, who owns nothing, where root may do that.
macOS: a Seatbelt profile and resource limits. Each piece is tried and the pieces that hold are reported, so that a verdict can say
what stood between the learner's code and the machine. The idea of stacking small kernel mechanisms is bubblewrap's and the Chromium
sandbox's.

Everything here runs in a process that is about to become a runner: it has one thread, and what it does cannot be undone.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import os
import platform
import resource
import signal
import socket
import struct
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Any, Literal

PIECES = {
    "root": "a file system of its own, without the checks, the solutions, the journal and the home folder (mount namespace)",
    "files": "only Python and its libraries can be read, only the scratch folder written",
    "owner": "the files that you own keep their modes, times and sizes",
    "names": "which files there are on the machine cannot be found out (mount namespace)",
    "processes": "no other process can be seen or signalled (process namespace)",
    "network": "no network (network namespace)",
    "calls": "no new processes, sockets, mounts or tracing (system-call filter)",
    "privileges": "no privileges, and none to gain",
    "limits": "limits on memory, processor time, processes, file size, open files and output",
}
SCRATCH_MB = 256
THREADS = 256
NOBODY = 65534  # as user and as group: owns no file
DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")

NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET = 0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 8, 32, 4096, 16384, 1 << 18
MNT_DETACH = 2
PR_SET_CHILD_SUBREAPER = 36
PR_SET_PDEATHSIG, PR_SET_SECCOMP, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT = 1, 22, 24, 38, 47

# System calls that a runner may make: name:x86-64:arm64, a dash where the machine has none. Everything else fails with EPERM.
ALLOWED = """
    read:0:63 write:1:64 close:3:57 fstat:5:80 stat:4:- lstat:6:- newfstatat:262:79 poll:7:- ppoll:271:73 lseek:8:62 mmap:9:222
    mprotect:10:226 munmap:11:215 brk:12:214 rt_sigaction:13:134 rt_sigprocmask:14:135 rt_sigreturn:15:139 rt_sigtimedwait:128:137
    sigaltstack:131:132 pread64:17:67 pwrite64:18:68 readv:19:65 writev:20:66 preadv:295:69 pwritev:296:70 access:21:- faccessat:269:48
    faccessat2:439:439 pipe:22:- pipe2:293:59 select:23:- pselect6:270:72 sched_yield:24:124 sched_getaffinity:204:123
    sched_getparam:143:121 sched_getscheduler:145:120 mremap:25:216 msync:26:227 mincore:27:232 madvise:28:233
    dup:32:23 dup2:33:- dup3:292:24 nanosleep:35:101 clock_nanosleep:230:115 clock_gettime:228:113 clock_getres:229:114
    gettimeofday:96:169 time:201:- getpid:39:172 gettid:186:178 getppid:110:173 getuid:102:174 geteuid:107:175 getgid:104:176
    getegid:108:177 getgroups:115:158 getpgrp:111:- getpgid:121:155 getsid:124:156 uname:63:160 flock:73:32 fsync:74:82
    fdatasync:75:83 truncate:76:45 ftruncate:77:46 fallocate:285:47 getdents:78:- getdents64:217:61 getcwd:79:17 chdir:80:49
    fchdir:81:50 rename:82:- renameat:264:38 renameat2:316:276 mkdir:83:- mkdirat:258:34 rmdir:84:- creat:85:- link:86:- linkat:265:37
    unlink:87:- unlinkat:263:35 symlink:88:- symlinkat:266:36 readlink:89:- readlinkat:267:78 chmod:90:- fchmod:91:52 fchmodat:268:53
    umask:95:166 getrlimit:97:163 getrusage:98:165 sysinfo:99:179 times:100:153 statfs:137:43 fstatfs:138:44 futex:202:98
    futex_waitv:449:449 set_robust_list:273:99 get_robust_list:274:100 set_tid_address:218:96 restart_syscall:219:128 exit:60:93
    exit_group:231:94 epoll_create:213:- epoll_create1:291:20 epoll_wait:232:- epoll_pwait:281:22 epoll_ctl:233:21 eventfd:284:-
    eventfd2:290:19 timerfd_create:283:85 timerfd_settime:286:86 timerfd_gettime:287:87 timer_create:222:107 timer_settime:223:110
    timer_gettime:224:108 timer_delete:226:111 getitimer:36:102 setitimer:38:103 alarm:37:- pause:34:-
    utimensat:280:88 utime:132:- utimes:235:- getrandom:318:278 membarrier:324:283 mlock:149:228 munlock:150:229
    rseq:334:293 statx:332:291 close_range:436:436 socketpair:53:199 sendto:44:206 recvfrom:45:207 sendmsg:46:211 recvmsg:47:212
    shutdown:48:210 getsockname:51:204 getpeername:52:205 getsockopt:55:209 setsockopt:54:208 getcpu:309:168 sendfile:40:71
    copy_file_range:326:285 splice:275:76 mbind:237:235 get_mempolicy:239:236 set_mempolicy:238:237 arch_prctl:158:- fadvise64:221:223
    readahead:187:213 sync_file_range:277:84 wait4:61:260 waitid:247:95
"""
# Those that C libraries replace by an older call when they hear that there is none.
ABSENT = {"clone3": (435, 435), "io_uring_setup": (425, 425), "openat2": (437, 437)}
# Those that `shutil.copy2` does without when it hears that the file system has no such attributes.
UNSUPPORTED = {"listxattr": (194, 11), "llistxattr": (195, 12), "flistxattr": (196, 13)}
CLONE, KILL, TGKILL, IOCTL, PRCTL = (56, 220), (62, 129), (234, 131), (16, 29), (157, 167)
PRLIMIT, AFFINITY, FCNTL, PIVOT_ROOT, CAPSET = (302, 261), (203, 122), (72, 25), (155, 41), (126, 91)
MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
TERMINAL_QUESTIONS = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)  # TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX
PRCTL_NAMES = (15, 16, 0x53564D41)  # PR_SET_NAME, PR_GET_NAME, PR_SET_VMA
# F_SETOWN, F_SETSIG, F_SETOWN_EX: a way to have the kernel send a signal. F_SETLEASE, F_NOTIFY: a way to make others wait for a file.
FCNTL_REFUSED = (8, 10, 15, 1024, 1026)
OPEN, OPENAT, O_TRUNC = (2, -1), (257, 56), 0x200
# Calls that change a file by its path, or by a descriptor that may only read it, and that Landlock does not cover.
TIMES, MODES = {"utimensat", "utime", "utimes", "truncate"}, {"chmod", "fchmod", "fchmodat"}

LANDLOCK_CREATE, LANDLOCK_ADD, LANDLOCK_RESTRICT = 444, 445, 446
READ_FILE, READ_DIR, WRITE_FILE, TRUNCATE, IOCTL_DEV, REFER = 1 << 2, 1 << 3, 1 << 1, 1 << 14, 1 << 15, 1 << 13


def tier(holds: Iterable[str]) -> Literal["sealed", "confined", "limited", "bare"]:
    """sealed: namespaces and the call filter. confined: no file or network, but on shared ground. limited: limits alone. bare: neither."""
    have = set(holds)
    if {"root", "processes", "network", "calls", "privileges", "limits"} <= have:
        return "sealed"
    if {"files", "calls", "limits"} <= have:
        return "confined"
    return "limited" if "limits" in have else "bare"


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def die_with_parent() -> None:
    if sys.platform == "linux":
        _libc().prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)


def adopt_orphans() -> None:
    """Become the parent of grandchildren whose parent ends: else they go to process 1, which in a container may wait for none."""
    if sys.platform == "linux":
        _libc().prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def close_all_but(keep: set[int]) -> None:
    last = 3
    for fd in sorted(keep | {resource.getrlimit(resource.RLIMIT_NOFILE)[0]}):
        os.closerange(last, fd) if fd > last else None
        last = max(last, fd + 1)


# -- what may be read -------------------------------------------------------------------------------------------------------
def readable(hidden: Iterable[str]) -> tuple[list[str], list[str]]:
    """(folders and files that Python needs, those inside them that must stay hidden), all absolute and existing."""
    own = Path(__file__).resolve().parents[1]
    secret = sorted({str(own), *(os.path.realpath(path) for path in hidden)})
    paths = sysconfig.get_paths()
    wanted = [paths["stdlib"], paths["platstdlib"], paths["purelib"], paths["platlib"]]
    wanted += [path for path in sys.path if path.endswith(("site-packages", "dist-packages", "lib-dynload"))]
    wanted += ["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/share/zoneinfo", "/etc/ld.so.cache", "/etc/localtime"]
    wanted += [os.path.join(sys.base_prefix, "lib")] if sys.base_prefix not in ("/usr", "/") else []
    roots: list[str] = []
    for path in sorted({os.path.realpath(path) for path in wanted if os.path.exists(path)}, key=len):
        if not any(Path(path).is_relative_to(root) for root in roots):
            roots.append(path)
    return roots, [
        path for path in secret if any(Path(path).is_relative_to(root) and path != root for root in roots) and os.path.exists(path)
    ]


def around(root: str, secret: list[str]) -> list[str]:
    """`root` as the largest parts of it that hold nothing secret: Landlock can allow, and cannot take back."""
    inside = [path for path in secret if Path(path).is_relative_to(root)]
    if not inside:
        return [root]
    if root in inside or not os.path.isdir(root):
        return []
    return [part for name in sorted(os.listdir(root)) for part in around(os.path.join(root, name), inside)]


# -- another user -----------------------------------------------------------------------------------------------------------
@functools.cache
def may_become_nobody() -> bool:
    """Whether this process may run code as nobody: root, with the rights for it, and Python's files are such that all may read them."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return False
    with open("/proc/self/status") as file:
        effective = next(int(line.split()[1], 16) for line in file if line.startswith("CapEff"))
    # To own (0) and open (1) what is nobody's, to end it (5), to change groups (6) and users (7), to give rights to files (31).
    if not all(effective >> capability & 1 for capability in (0, 1, 5, 6, 7, 31)) or not (_mapped("uid_map") and _mapped("gid_map")):
        return False
    modules = {getattr(module, "__file__", None) or "" for module in list(sys.modules.values())}
    files = {os.path.realpath(path) for path in modules if os.path.isabs(path) and os.path.exists(path)}
    folders = {os.path.dirname(path) for path in files}
    return all(os.stat(path).st_mode & 0o004 for path in files) and all(os.stat(path).st_mode & 0o001 for path in folders)


def _mapped(name: str) -> bool:
    """Whether there is a nobody here: a container without root's help may have one user only."""
    with open(f"/proc/self/{name}") as file:
        spans = [(int(first), int(count)) for first, _, count in (line.split() for line in file)]
    return any(first <= NOBODY < first + count for first, count in spans)


def reachable_by_all(paths: Iterable[str]) -> bool:
    """Whether every user can come to these, by the modes of the folders above them."""
    return all(os.stat(folder).st_mode & 0o001 for folder in {str(folder) for path in paths for folder in Path(path).parents})


def map_nobody(pid: int) -> bool:
    """In the namespace that `pid` has entered, make 0 the machine's nobody, and 1 its root. For a parent that has stayed outside."""
    try:
        for name in ("gid_map", "uid_map"):
            with open(f"/proc/{pid}/{name}", "w") as file:
                file.write(f"0 {NOBODY} 1\n1 0 1\n")
    except OSError:
        return False
    return True


def become(user: int, scratch: Iterable[str]) -> None:
    """Be `user` from now on, who gets the `scratch` folders."""
    for folder in scratch:
        os.chown(folder, user, user)
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    die_with_parent()  # new credentials have unset it


# -- namespaces -------------------------------------------------------------------------------------------------------------
def separate(policy: dict[str, Any], ask: Callable[[], bool] = lambda: False) -> list[str]:
    """Leave the machine's namespaces for new ones; the next child is process 1 of its own. Returns what was had.

    `ask` has the parent, outside, prepare that this process can become nobody in there, and says whether it did.
    """
    if sys.platform != "linux" or "namespaces" in policy.get("without", ()):
        return []
    uid, gid = os.getuid(), os.getgid()
    if _libc().unshare(NEWUSER | NEWNS | NEWPID | NEWNET | NEWIPC | NEWUTS | NEWCGROUP) < 0:
        return []
    policy["nobody"] = ask()
    if not policy["nobody"]:
        for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)
    return ["processes", "network"]


def _mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    result = _libc().mount(source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), data.encode() or None)
    _check(result, f"mount {target}")


def _bind_readonly(source: str, target: str, device: bool = False) -> None:
    """A device can be written through it, as devices can; its node, which the machine shares, keeps its mode and its times."""
    _mount(source, target, "", MS_BIND | MS_REC)
    # Flags that the source has are locked in a new user namespace and must be given again.
    keep = os.statvfs(source).f_flag & (MS_NOSUID | MS_NODEV | MS_NOEXEC)
    _mount("", target, "", MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | (0 if device else MS_NODEV) | keep)


def own_root(policy: dict[str, Any]) -> str:
    """Pivot into a file system in memory that holds the libraries, read-only, four devices and an empty scratch folder."""
    base = policy["scratch"]
    roots, secret = readable(policy["hidden"])
    _mount("none", "/", "", MS_REC | MS_PRIVATE)
    _mount("tmpfs", base, "tmpfs", MS_NOSUID | MS_NODEV, f"size={SCRATCH_MB}m,mode=755")
    for path in [*roots, *DEVICES]:
        place = base + path
        if os.path.isdir(path):
            os.makedirs(place, exist_ok=True)
        else:
            os.makedirs(os.path.dirname(place), exist_ok=True)
            os.close(os.open(place, os.O_CREAT | os.O_WRONLY))
        _bind_readonly(path, place, device=path in DEVICES)
    for path in secret:
        if os.path.isdir(path):
            _mount("tmpfs", base + path, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV, "size=4k,mode=000")
        else:
            _bind_readonly("/dev/null", base + path, device=True)
    for link in ("/lib", "/lib64"):
        if os.path.islink(link) and not os.path.lexists(base + link):
            os.symlink(os.readlink(link), base + link)
    for folder in ("/scratch", "/tmp"):
        os.makedirs(base + folder, 0o700, exist_ok=True)  # Python may be installed below either
    os.chdir(base)
    number = PIVOT_ROOT[MACHINES[platform.machine()][0]]
    _check(_libc().syscall(number, b".", b"."), "pivot_root")
    _check(_libc().umount2(b".", MNT_DETACH), "umount the old root")
    os.chdir("/scratch")
    if policy["nobody"]:
        become(0, ["/scratch", "/tmp"])
    return "/scratch"


# -- Landlock ---------------------------------------------------------------------------------------------------------------
def landlock(read: list[str], write: list[str]) -> bool:
    libc = _libc()
    abi = libc.syscall(LANDLOCK_CREATE, None, 0, 1)
    if abi < 1:
        return False
    handled = (1 << {1: 13, 2: 14, 3: 15, 4: 15}.get(abi, 16)) - 1
    attributes = struct.pack("<QQQ", handled, 3 if abi >= 4 else 0, 3 if abi >= 6 else 0)
    size = 24 if abi >= 6 else 16 if abi >= 4 else 8
    ruleset = _check(libc.syscall(LANDLOCK_CREATE, attributes, size, 0), "landlock")
    try:
        for paths, rights in ((read, READ_FILE | READ_DIR), (write, handled & ~(1 | IOCTL_DEV)), (DEVICES, READ_FILE | WRITE_FILE)):
            for path in paths:
                try:
                    fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
                except OSError:
                    continue
                allowed = rights if os.path.isdir(path) else rights & (READ_FILE | WRITE_FILE | TRUNCATE)
                try:
                    _check(libc.syscall(LANDLOCK_ADD, ruleset, 1, struct.pack("<Qi", allowed & handled, fd), 0), f"landlock {path}")
                finally:
                    os.close(fd)
        _check(libc.syscall(LANDLOCK_RESTRICT, ruleset, 0), "landlock")
    finally:
        os.close(ruleset)
    return True


# -- system calls -----------------------------------------------------------------------------------------------------------
def filter_program(machine: int, audit: int, pid: int, refused: Collection[str] = ()) -> bytes:
    """The filter, in classic BPF: allow the list but for `refused`, look at the arguments of a few, refuse the rest."""
    load, mask, jump_equal, jump_set, give = 0x20, 0x54, 0x15, 0x45, 0x06
    allow, kill, refuse = 0x7FFF0000, 0x80000000, 0x50000 | errno.EPERM
    code: list[tuple[int, int, int, int]] = []

    def emit(op: int, k: int, yes: int = 0, no: int = 0) -> None:
        return code.append((op, yes, no, k))

    emit(load, 4)  # the architecture
    emit(jump_equal, audit, 1, 0)
    emit(give, kill)
    emit(load, 0)  # the call's number
    for entry in ALLOWED.split():
        name, *numbers = entry.split(":")
        number = numbers[machine]
        if number != "-" and name not in refused:
            emit(jump_equal, int(number), 0, 1)
            emit(give, allow)
    for calls, error in ((ABSENT, errno.ENOSYS), (UNSUPPORTED, errno.EOPNOTSUPP)):
        for pair in calls.values():
            emit(jump_equal, pair[machine], 0, 1)
            emit(give, 0x50000 | error)

    def argument(n: int) -> int:
        return 16 + 8 * n

    # A thread is a clone with CLONE_THREAD; without it, it is a process.
    emit(jump_equal, CLONE[machine], 0, 4)
    emit(load, argument(0))
    emit(jump_set, 0x10000, 0, 1)
    emit(give, allow)
    emit(give, refuse)
    # To open a file for neither reading nor writing, or to read it and yet empty it, needs no right that Landlock's first versions know.
    for pair, which in ((OPEN, 1), (OPENAT, 2)):
        if pair[machine] >= 0:
            emit(jump_equal, pair[machine], 0, 8)
            emit(load, argument(which))
            emit(mask, 3)
            emit(jump_equal, 3, 4, 0)
            emit(jump_equal, 0, 0, 2)
            emit(load, argument(which))
            emit(jump_set, O_TRUNC, 1, 0)
            emit(give, allow)
            emit(give, refuse)
    # A process may signal itself, ask the terminal harmless questions, name its threads, lower its own limits.
    only = [
        (KILL, 0, (pid,)),
        (TGKILL, 0, (pid,)),
        (IOCTL, 1, TERMINAL_QUESTIONS),
        (PRCTL, 0, PRCTL_NAMES),
        (PRLIMIT, 0, (0,)),
        (AFFINITY, 0, (0,)),
    ]
    for pair, which, values in only:
        emit(jump_equal, pair[machine], 0, 2 + 2 * len(values))
        emit(load, argument(which))
        for value in values:
            emit(jump_equal, value, 0, 1)
            emit(give, allow)
        emit(give, refuse)
    emit(jump_equal, FCNTL[machine], 0, 2 + 2 * len(FCNTL_REFUSED))
    emit(load, argument(1))
    for value in FCNTL_REFUSED:
        emit(jump_equal, value, 0, 1)
        emit(give, refuse)
    emit(give, allow)
    emit(give, refuse)
    return b"".join(struct.pack("<HBBI", *row) for row in code)


def filter_calls(refused: Collection[str] = ()) -> bool:
    found = MACHINES.get(platform.machine())
    if found is None:
        return False
    program = ctypes.create_string_buffer(filter_program(*found, os.getpid(), refused))
    head = ctypes.create_string_buffer(struct.pack("@HP", (len(program) - 1) // 8, ctypes.addressof(program)))
    return bool(_libc().prctl(PR_SET_SECCOMP, 2, head, 0, 0) == 0)


def drop_privileges() -> bool:
    libc = _libc()
    for capability in range(64):
        if libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0 and ctypes.get_errno() == errno.EINVAL:
            break
    libc.prctl(PR_CAP_AMBIENT, 4, 0, 0, 0)
    header, none = struct.pack("<Ii", 0x20080522, 0), bytes(24)
    dropped = libc.syscall(CAPSET[MACHINES.get(platform.machine(), (0, 0))[0]], header, none) == 0
    return bool(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 and dropped)


# -- limits -----------------------------------------------------------------------------------------------------------------
def limit(seconds: float, memory_mb: int, own_users: bool) -> None:
    # The kernel's limit is for a runner's whole life; the checker, which sees the calls, holds each of them to `seconds`.
    cpu = int(seconds * 30) + 5
    more = memory_mb << 20
    data, space = _sizes()
    wanted = [
        (resource.RLIMIT_CPU, cpu, cpu + 2),
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_FSIZE, 64 << 20, 64 << 20),
        (resource.RLIMIT_NOFILE, 128, 128),
        (resource.RLIMIT_STACK, 64 << 20, 64 << 20),
    ]
    if sys.platform == "linux":
        wanted += [
            (resource.RLIMIT_DATA, data + more, data + more),
            (resource.RLIMIT_AS, space + more + (1 << 30), space + more + (1 << 30)),
        ]
        wanted += [(resource.RLIMIT_MEMLOCK, 1 << 16, 1 << 16), (resource.RLIMIT_MSGQUEUE, 0, 0), (resource.RLIMIT_RTPRIO, 0, 0)]
    if own_users:
        # Counted per user and namespace: outside a namespace of our own it would count the user's other processes too.
        wanted.append((resource.RLIMIT_NPROC, THREADS, THREADS))
    for what, soft, hard in wanted:
        ceiling = resource.getrlimit(what)[1]
        if ceiling != resource.RLIM_INFINITY:
            soft, hard = min(soft, ceiling), min(hard, ceiling)
        resource.setrlimit(what, (soft, hard))


def limit_checker(seconds: float, memory_mb: int) -> None:
    """For the trusted side, whose own code is honest, and whose values come from the learner's: what they may lead it to take.

    Memory: what it was born with, and twice what the lab gives a runner (the reference's share, and a copy of the learner's), and a
    half gigabyte for libraries that checks import. Processor time is for what a check does in one step with what came back, such as a
    set of numbers made to collide, which no clock in this process can end.
    """
    processor = int(30 + 6 * seconds)
    wanted = [(resource.RLIMIT_CPU, processor)]
    if sys.platform == "linux":
        data, space = _sizes()
        more = (2 * memory_mb + 512) << 20
        wanted += [(resource.RLIMIT_DATA, data + more), (resource.RLIMIT_AS, space + more + (1 << 30))]
    for what, most in wanted:
        ceiling = resource.getrlimit(what)[1]
        most = most if ceiling == resource.RLIM_INFINITY else min(most, ceiling)
        resource.setrlimit(what, (most, most))


def _sizes() -> tuple[int, int]:
    """(private writable memory, address space) that this process was born with, in bytes."""
    try:
        with open("/proc/self/status") as file:
            fields = dict(line.split(":", 1) for line in file if line.startswith(("VmData", "VmSize")))
        return int(fields["VmData"].split()[0]) << 10, int(fields["VmSize"].split()[0]) << 10
    except (OSError, KeyError):
        return 1 << 30, 4 << 30


# -- macOS ------------------------------------------------------------------------------------------------------------------
def seatbelt(policy: dict[str, Any]) -> bool:
    """Apple's sandbox, by the profile language of sandbox-exec: deny everything, then allow reading Python and writing scratch."""
    roots, secret = readable(policy["hidden"])

    def quote(path: str) -> str:
        return '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"'

    places = " ".join(f"(subpath {quote(path)})" for path in [*roots, "/usr/lib", "/System", "/dev"])
    rules = [
        "(version 1)", "(deny default)", "(allow sysctl-read)", "(allow file-read-metadata)", f"(allow file-read* {places})",
        f"(allow file-read* file-write* (subpath {quote(os.path.realpath(policy['scratch']))}))", "(allow signal (target self))",
        *(f"(deny file-read* (subpath {quote(path)}))" for path in secret), "(deny network*)", "(deny process-fork)", "(deny process-exec)",
    ]  # fmt: skip
    error = ctypes.c_char_p()
    try:
        library = ctypes.CDLL("/usr/lib/libsandbox.1.dylib")
    except OSError:
        return False
    return bool(library.sandbox_init("\n".join(rules).encode(), ctypes.c_uint64(0), ctypes.byref(error)) == 0)


# -- all of it --------------------------------------------------------------------------------------------------------------
def enter(policy: dict[str, Any], spaces: list[str]) -> tuple[list[str], str]:
    """Go in. Returns the names of the pieces that hold and the scratch folder as it is called inside."""
    holds, scratch, without = list(spaces), policy["scratch"], policy.get("without", ())
    os.environ.clear()
    os.environ.update({"LANG": "C.UTF-8", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"})
    os.environ.update(policy.get("environment", {}))
    sys.modules.update(dict.fromkeys(policy.get("hides", ())))  # None: an import of it fails as if it were not installed
    own_users = bool(spaces)
    if sys.platform == "darwin":
        limit(policy["seconds"], policy["memory_mb"], own_users)
        os.chdir(scratch)
        return [*(["files", "network", "calls"] if seatbelt(policy) else []), "limits"], scratch
    limit(policy["seconds"], policy["memory_mb"], own_users)
    holds.append("limits")
    roots, secret = readable(policy["hidden"])
    parts = [part for root in roots for part in around(root, secret)]
    write, refused = [scratch], TIMES | MODES
    if own_users:
        try:
            scratch = own_root(policy)
            holds += ["root", "names"]
            write, refused = [scratch, "/tmp"], set()
        except OSError:
            if os.getcwd() != policy["scratch"]:
                os.chdir(policy["scratch"])
    else:
        os.chdir(scratch)
        if policy["nobody"] and reachable_by_all([*roots, scratch]):
            become(NOBODY, [scratch])
            refused = TIMES
    os.environ["TMPDIR"] = os.environ["HOME"] = scratch
    tempfile.tempdir = None  # it remembers the one of the process that was forked
    if drop_privileges():
        holds.append("privileges")
        if "landlock" not in without and landlock(parts, write):
            holds.append("files")
        if "seccomp" not in without and filter_calls(refused):
            holds.append("calls")
    if "root" in holds or "calls" in holds:
        holds.append("owner")
    return holds, scratch


class Ground:
    """How a parent and the child that is to leave its namespaces agree on whom the child is in there: made before the fork."""

    def __init__(self, policy: dict[str, Any]) -> None:
        self.policy = policy
        policy["nobody"] = "nobody" not in policy.get("without", ()) and may_become_nobody()
        self.ours, self.theirs = socket.socketpair()

    def leave(self) -> list[str]:
        """In the child: go, and say what was had."""
        self.ours.close()
        try:
            return separate(self.policy, self._ask)
        finally:
            self.theirs.close()

    def _ask(self) -> bool:
        if not self.policy["nobody"]:
            return False
        self.theirs.send(b"?")
        return self.theirs.recv(1) == b"y"

    def settle(self, child: int) -> None:
        """In the parent: wait until the child has left or said that it cannot, and answer what it asks."""
        self.theirs.close()
        if self.ours.recv(1):
            self.ours.send(b"y" if map_nobody(child) else b"n")
        self.ours.close()


def try_it() -> list[str]:
    """What would hold here: a child goes in and says so. Meant for a fresh process (`python -m modelwright.grading.cage`)."""
    read, write = os.pipe()
    with tempfile.TemporaryDirectory(prefix="modelwright-") as scratch:
        policy = {"seconds": 5, "memory_mb": 500, "scratch": scratch, "hidden": []}
        ground = Ground(policy)
        keeper = os.fork()
        if keeper == 0:
            try:
                spaces = ground.leave()
                inner = os.fork()
                if inner == 0:
                    os.write(write, " ".join(enter(policy, spaces)[0]).encode())
                    os._exit(0)
                os.waitpid(inner, 0)
            finally:
                os._exit(0)
        os.close(write)
        ground.settle(keeper)
        os.waitpid(keeper, 0)
        said = os.read(read, 4096).decode().split()
        os.close(read)
    return said


if __name__ == "__main__":
    print(" ".join(try_it()))
