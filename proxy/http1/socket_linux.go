package http1

import (
	"syscall"
	"unsafe"
)

const canPeek, canDirect = true, true

// These calls cannot block: the scheduler is not told of them.

func peekSocket(fd uintptr) liveness {
	var b [1]byte
	n, _, errno := syscall.RawSyscall6(syscall.SYS_RECVFROM, fd, uintptr(unsafe.Pointer(&b[0])), 1,
		syscall.MSG_PEEK|syscall.MSG_DONTWAIT, 0, 0)
	switch {
	case errno == syscall.EAGAIN || errno == syscall.EINTR:
		return quiet
	case errno != 0:
		return broken
	case n == 0:
		return gone
	}
	return pending
}

func readSocket(fd uintptr, p []byte) (int, syscall.Errno) {
	return transfer(syscall.SYS_RECVFROM, fd, p, syscall.MSG_DONTWAIT)
}

func writeSocket(fd uintptr, p []byte) (int, syscall.Errno) {
	return transfer(syscall.SYS_SENDTO, fd, p, syscall.MSG_DONTWAIT|syscall.MSG_NOSIGNAL)
}

func transfer(call, fd uintptr, p []byte, flags uintptr) (int, syscall.Errno) {
	for {
		n, _, errno := syscall.RawSyscall6(call, fd, uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), flags, 0, 0)
		switch errno {
		case 0:
			return int(n), 0
		case syscall.EINTR:
			continue
		}
		return 0, errno
	}
}

const canSplice = true

const (
	spliceMove     = 0x1
	spliceNonblock = 0x2
)

// spliceSocket moves up to n bytes between a socket and a pipe inside the
// kernel.
func spliceSocket(from, to uintptr, n int) (int, syscall.Errno) {
	for {
		moved, _, errno := syscall.RawSyscall6(syscall.SYS_SPLICE, from, 0, to, 0, uintptr(n), spliceMove|spliceNonblock)
		switch errno {
		case 0:
			return int(moved), 0
		case syscall.EINTR:
			continue
		}
		return 0, errno
	}
}

// newPipe opens a pipe that holds up to size bytes, if the system lets us.
func newPipe(size int) (p [2]int, err error) {
	if err := syscall.Pipe2(p[:], syscall.O_CLOEXEC|syscall.O_NONBLOCK); err != nil {
		return p, err
	}
	_, _, _ = syscall.RawSyscall(syscall.SYS_FCNTL, uintptr(p[1]), syscall.F_SETPIPE_SZ, uintptr(size))
	return p, nil
}

func closePipe(p [2]int) {
	_ = syscall.Close(p[0])
	_ = syscall.Close(p[1])
}
