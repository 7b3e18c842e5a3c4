// Package spelling is how words and amounts of policies and tables are read and told: the nearest known word for a misspelt one,
// lists as sentences have them, and values as numbers that can be compared.
//
// It knows no key and no meaning; who calls it does. It stands beside package policy, below everything that reads files.
package spelling

import "strings"

// Nearest returns the candidate that was probably meant by word, or "" when none is near: the fewest edits, a swap of
// neighbours counting as one, at most a third of the word. Letter case is free. Of equals the first wins. Nothing is near to a word
// that is longer than anybody types: the search takes the square of its length.
func Nearest(word string, candidates []string) string {
	if len(word) > longestWord {
		return ""
	}
	best, bestEdits := "", max(1, len(word)/3)+1
	lower := strings.ToLower(word)
	for _, candidate := range candidates {
		if edits := editDistance(lower, strings.ToLower(candidate), bestEdits); edits < bestEdits {
			best, bestEdits = candidate, edits
		}
	}
	return best
}

const longestWord = 200

// Certain reports whether the nearest of the candidates leaves no doubt that it was meant: it is by two edits nearer than any other.
func Certain(word string, candidates []string) bool {
	meant := Nearest(word, candidates)
	if meant == "" {
		return false
	}
	lower := strings.ToLower(word)
	limit := editDistance(lower, strings.ToLower(meant), len(word)+len(meant)) + 2
	for _, candidate := range candidates {
		if candidate != meant && editDistance(lower, strings.ToLower(candidate), limit) < limit {
			return false
		}
	}
	return true
}

// editDistance is the optimal string alignment distance of a and b, or limit when it is at least that.
func editDistance(a, b string, limit int) int {
	if gap := len(a) - len(b); gap >= limit || -gap >= limit {
		return limit
	}
	before, previous, current := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range previous {
		previous[j] = j
	}
	for i := 1; i <= len(a); i++ {
		current[0] = i
		least := i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			current[j] = min(previous[j]+1, current[j-1]+1, previous[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				current[j] = min(current[j], before[j-2]+1)
			}
			least = min(least, current[j])
		}
		if least >= limit {
			return limit
		}
		before, previous, current = previous, current, before
	}
	return min(previous[len(b)], limit)
}

// List writes words as "a, b and c".
func List(words []string) string {
	switch len(words) {
	case 0:
		return "nothing"
	case 1:
		return words[0]
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

// Either writes words as "a, b or c".
func Either(words []string) string {
	if len(words) < 2 {
		return List(words)
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}
