package compile

import "outrigger/policy"

func (c *compiler) checkNetwork(set *policy.Set) {}
