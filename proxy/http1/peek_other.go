//go:build !unix

package http1

import "syscall"

const canPeek, canDirect = false, false

func peekSocket(uintptr) liveness { return quiet }

func readSocket(uintptr, []byte) (int, syscall.Errno) { return 0, syscall.EINVAL }

func writeSocket(uintptr, []byte) (int, syscall.Errno) { return 0, syscall.EINVAL }
