//go:build !unix

package http1

import "syscall"

const canPeek, canDirect = false, false

func peekSocket(uintptr) liveness { return quiet }

func readSocket(uintptr, []byte) (int, syscall.Errno) { return 0, syscall.EINVAL }

func writeSocket(uintptr, []byte) (int, syscall.Errno) { return 0, syscall.EINVAL }

const canSplice = false

func spliceSocket(_, _ uintptr, _ int) (int, syscall.Errno) { return 0, syscall.EINVAL }

func newPipe(int) (p [2]int, err error) { return p, syscall.EINVAL }

func closePipe([2]int) {}
