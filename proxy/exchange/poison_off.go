//go:build !poison

package exchange

const poisoned = false
