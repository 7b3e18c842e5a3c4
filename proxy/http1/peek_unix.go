//go:build unix && !linux

package http1

import "golang.org/x/sys/unix"

const canPeek = true

func peekSocket(fd uintptr) liveness {
	var b [1]byte
	n, _, err := unix.Recvfrom(int(fd), b[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
	switch {
	case err == unix.EAGAIN || err == unix.EINTR:
		return quiet
	case err != nil || n == 0:
		return gone
	}
	return pending
}

func readSocket(fd uintptr, p []byte) int {
	n, _, err := unix.Recvfrom(int(fd), p, unix.MSG_DONTWAIT)
	if err != nil {
		return 0
	}
	return n
}
