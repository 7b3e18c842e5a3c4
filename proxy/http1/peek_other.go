//go:build !unix

package http1

const canPeek = false

func peekSocket(uintptr) liveness { return quiet }

func readSocket(uintptr, []byte) int { return 0 }
