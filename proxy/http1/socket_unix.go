//go:build unix && !linux

package http1

import (
	"syscall"

	"golang.org/x/sys/unix"
)

const canPeek, canDirect = true, false

func peekSocket(fd uintptr) liveness {
	var b [1]byte
	n, _, err := unix.Recvfrom(int(fd), b[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
	switch {
	case err == unix.EAGAIN || err == unix.EINTR:
		return quiet
	case err != nil:
		return broken
	case n == 0:
		return gone
	}
	return pending
}

func readSocket(uintptr, []byte) (int, syscall.Errno) { return 0, syscall.ENOSYS }

func writeSocket(uintptr, []byte) (int, syscall.Errno) { return 0, syscall.ENOSYS }

const canSplice = false

func spliceSocket(_, _ uintptr, _ int) (int, syscall.Errno) { return 0, syscall.ENOSYS }

func newPipe(int) (p [2]int, err error) { return p, syscall.ENOSYS }

func closePipe([2]int) {}
