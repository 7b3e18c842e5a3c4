//go:build !race && !poison

package proxy_test

// instrumented tells of a build that allocates on its own account.
const instrumented = false
