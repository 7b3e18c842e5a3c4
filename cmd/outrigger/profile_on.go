//go:build profile

package main

import (
	"fmt"
	"os"
	"runtime/pprof"
)

// profiled runs a command line under the processor profile that tools/pgo builds from. Builds with the tag profile are never released.
func profiled(command func() int) int {
	out, err := os.Create(fmt.Sprintf("%s.%d", os.Getenv("CPUPROFILE"), os.Getpid()))
	if err == nil {
		err = pprof.StartCPUProfile(out)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "outrigger: no profile:", err)
		return command()
	}
	defer out.Close()
	defer pprof.StopCPUProfile()
	return command()
}
