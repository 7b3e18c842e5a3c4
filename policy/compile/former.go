package compile

import (
	"fmt"
	"slices"

	"outrigger/policy"
	"outrigger/policy/document"
)

// checkFormer refuses former names that are still in use: two that claim one state cannot both have it.
func (c *compiler) checkFormer(sources []*source) {
	for _, s := range sources {
		for _, f := range s.written.formerly {
			if slices.ContainsFunc(sources, func(o *source) bool { return o.Direction == policy.Outbound && o.Name == f.name }) {
				c.stillUsed(f, "upstream")
			}
		}
		for _, d := range s.ops {
			for _, f := range d.formerly {
				if slices.ContainsFunc(s.ops, func(o *declared) bool { return o.ID == f.name }) {
					c.stillUsed(f, "operation")
				}
			}
		}
	}
}

func (c *compiler) stillUsed(f formerName, what string) {
	c.fail(codeFormerName, f.place, fmt.Sprintf("formerly: %s %s exists", what, f.name), "a name that nothing has any more", "remove it, or rename the "+what+" that has it")
}

// formerName is an earlier name and where it is written.
type formerName struct {
	name  string
	place policy.Place
}

// formerNames reads one former name or a list of them.
func formerNames(c *compiler, key string, n *document.Node) ([]formerName, bool) {
	one := func(c *compiler, key string, n *document.Node) (formerName, bool) {
		text, ok := c.scalar(key, n, "a former name")
		return formerName{text, n.Place()}, ok
	}
	if n.Kind() == document.Scalar {
		name, ok := one(c, key, n)
		return []formerName{name}, ok
	}
	return items(one)(c, key, n)
}

func namesOf(former []formerName) []string {
	var all []string
	for _, f := range former {
		all = append(all, f.name)
	}
	return all
}
