package http1

import (
	"syscall"
	"unsafe"
)

const canPeek = true

// peekSocket cannot block, so the scheduler is not told of the call.
func peekSocket(fd uintptr) liveness {
	var b [1]byte
	n, _, errno := syscall.RawSyscall6(syscall.SYS_RECVFROM, fd, uintptr(unsafe.Pointer(&b[0])), 1,
		syscall.MSG_PEEK|syscall.MSG_DONTWAIT, 0, 0)
	switch {
	case errno == syscall.EAGAIN || errno == syscall.EINTR:
		return quiet
	case errno != 0 || n == 0:
		return gone
	}
	return pending
}

func readSocket(fd uintptr, p []byte) int {
	n, _, errno := syscall.RawSyscall6(syscall.SYS_RECVFROM, fd, uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)),
		syscall.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		return 0
	}
	return int(n)
}
